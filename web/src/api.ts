// The calls of the API that the page needs, made by the official SDKs as one user.

import { ChimeSDKIdentityClient, ListAppInstanceUsersCommand } from '@aws-sdk/client-chime-sdk-identity';
import {
  BatchCreateChannelMembershipCommand,
  ChannelMembershipType,
  ChannelMessagePersistenceType,
  ChannelMessageType,
  ChimeSDKMessagingClient,
  CreateChannelCommand,
  DeleteChannelMembershipCommand,
  DescribeChannelCommand,
  GetMessagingSessionEndpointCommand,
  ListChannelMembershipsCommand,
  ListChannelMembershipsForAppInstanceUserCommand,
  ListChannelMessagesCommand,
  RedactChannelMessageCommand,
  SendChannelMessageCommand,
  SortOrder,
  UpdateChannelMessageCommand,
  UpdateChannelReadMarkerCommand,
} from '@aws-sdk/client-chime-sdk-messaging';

import { credentialsOf, type Demo } from './demo';
import type { Person, Snapshot } from './model/channel';
import { toMessages, toPerson, toTime } from './model/wire';

// The most that one page of a list, and one batch of members, may hold.
const pageSize = 50;
const batchSize = 100;

// Lists of people and channels are read up to here.
const mostOfList = 500;

export interface Membership {
  readonly arn: string;
  readonly name: string;
  readonly lastMessage: number;
  readonly readMarker: number;
}

// Added is what came of adding members: who is one now, and why others are not.
export interface Added {
  readonly members: readonly Person[];
  readonly problems: readonly string[];
}

export class Api {
  // The session of live events is opened with the same client.
  readonly messaging: ChimeSDKMessagingClient;
  private readonly identity: ChimeSDKIdentityClient;
  private readonly as: { readonly ChimeBearer: string };

  constructor(
    private readonly demo: Demo,
    readonly me: Person,
  ) {
    const settings = { endpoint: location.origin, region: demo.region, credentials: credentialsOf(me) };
    this.messaging = new ChimeSDKMessagingClient(settings);
    this.identity = new ChimeSDKIdentityClient(settings);
    this.as = { ChimeBearer: me.arn };
  }

  // memberships lists the channels the user is in.
  memberships(): Promise<Membership[]> {
    return all(async (NextToken) => {
      const page = await this.messaging.send(
        new ListChannelMembershipsForAppInstanceUserCommand({ ...this.as, AppInstanceUserArn: this.me.arn, MaxResults: pageSize, ...NextToken }),
      );
      const list = (page.ChannelMemberships ?? []).map((m) => ({
        arn: m.ChannelSummary?.ChannelArn ?? '',
        name: m.ChannelSummary?.Name ?? '',
        lastMessage: toTime(m.ChannelSummary?.LastMessageTimestamp),
        readMarker: toTime(m.AppInstanceUserMembershipSummary?.ReadMarkerTimestamp),
      }));
      return [list, page.NextToken];
    });
  }

  async channelName(ChannelArn: string): Promise<string> {
    const { Channel } = await this.messaging.send(new DescribeChannelCommand({ ...this.as, ChannelArn }));
    return Channel?.Name ?? '';
  }

  async createChannel(Name: string): Promise<string> {
    const { ChannelArn } = await this.messaging.send(
      new CreateChannelCommand({ ...this.as, AppInstanceArn: this.demo.appInstance, Name, ClientRequestToken: crypto.randomUUID() }),
    );
    return ChannelArn ?? '';
  }

  // addMembers adds people in batches. People that cannot be added do not stop the rest.
  async addMembers(ChannelArn: string, people: readonly Person[]): Promise<Added> {
    const members: Person[] = [];
    const problems: string[] = [];
    for (let i = 0; i < people.length; i += batchSize) {
      const MemberArns = people.slice(i, i + batchSize).map((p) => p.arn);
      const { BatchChannelMemberships, Errors } = await this.messaging.send(
        new BatchCreateChannelMembershipCommand({ ...this.as, ChannelArn, Type: ChannelMembershipType.DEFAULT, MemberArns }),
      );
      members.push(...(BatchChannelMemberships?.Members ?? []).map(toPerson));
      for (const e of Errors ?? []) {
        const name = people.find((p) => p.arn === e.MemberArn)?.name ?? e.MemberArn ?? 'Somebody';
        problems.push(`${name} cannot be added: ${e.ErrorMessage ?? e.ErrorCode ?? 'no reason is given'}`);
      }
    }
    return { members, problems };
  }

  async leave(ChannelArn: string): Promise<void> {
    await this.messaging.send(new DeleteChannelMembershipCommand({ ...this.as, ChannelArn, MemberArn: this.me.arn }));
  }

  members(ChannelArn: string): Promise<Person[]> {
    return all(async (NextToken) => {
      const page = await this.messaging.send(
        new ListChannelMembershipsCommand({ ...this.as, ChannelArn, MaxResults: pageSize, ...NextToken }),
      );
      return [(page.ChannelMemberships ?? []).map((m) => toPerson(m.Member)), page.NextToken];
    });
  }

  // people lists the users of the app instance.
  people(): Promise<Person[]> {
    return all(async (NextToken) => {
      const page = await this.identity.send(
        new ListAppInstanceUsersCommand({ AppInstanceArn: this.demo.appInstance, MaxResults: pageSize, ...NextToken }),
      );
      const list = (page.AppInstanceUsers ?? []).map((u) => toPerson({ Arn: u.AppInstanceUserArn, Name: u.Name }));
      return [list, page.NextToken];
    });
  }

  // messages reads the newest messages, or those up to a time.
  async messages(ChannelArn: string, upTo?: number): Promise<Snapshot> {
    const NotAfter = upTo === undefined ? {} : { NotAfter: new Date(upTo) };
    const page = await this.messaging.send(
      new ListChannelMessagesCommand({ ...this.as, ChannelArn, SortOrder: SortOrder.DESCENDING, MaxResults: pageSize, ...NotAfter }),
    );
    return { messages: toMessages(page.ChannelMessages), complete: page.NextToken === undefined };
  }

  // send sends a message, and returns its id. The same token twice is one message.
  async send(ChannelArn: string, Content: string, ClientRequestToken: string): Promise<string> {
    const { MessageId } = await this.messaging.send(
      new SendChannelMessageCommand({
        ...this.as, ChannelArn, Content, ClientRequestToken,
        Type: ChannelMessageType.STANDARD, Persistence: ChannelMessagePersistenceType.PERSISTENT,
      }),
    );
    return MessageId ?? '';
  }

  // signal tells the members that are connected something that is not kept.
  async signal(ChannelArn: string, Content: string): Promise<void> {
    await this.messaging.send(
      new SendChannelMessageCommand({
        ...this.as, ChannelArn, Content, ClientRequestToken: crypto.randomUUID(),
        Type: ChannelMessageType.CONTROL, Persistence: ChannelMessagePersistenceType.NON_PERSISTENT,
      }),
    );
  }

  async edit(ChannelArn: string, MessageId: string, Content: string): Promise<void> {
    await this.messaging.send(new UpdateChannelMessageCommand({ ...this.as, ChannelArn, MessageId, Content }));
  }

  async redact(ChannelArn: string, MessageId: string): Promise<void> {
    await this.messaging.send(new RedactChannelMessageCommand({ ...this.as, ChannelArn, MessageId }));
  }

  async markRead(ChannelArn: string): Promise<void> {
    await this.messaging.send(new UpdateChannelReadMarkerCommand({ ...this.as, ChannelArn }));
  }

  // sessionEndpoint is where live sessions with TLS are.
  async sessionEndpoint(): Promise<string> {
    const { Endpoint } = await this.messaging.send(new GetMessagingSessionEndpointCommand({}));
    return Endpoint?.Url ?? '';
  }
}

type Token = { readonly NextToken?: string };

// all reads a list page by page.
async function all<T>(page: (token: Token) => Promise<readonly [readonly T[], string | undefined]>): Promise<T[]> {
  const found: T[] = [];
  for (let token: Token = {}; found.length < mostOfList; ) {
    const [list, next] = await page(token);
    found.push(...list);
    if (next === undefined) {
      break;
    }
    token = { NextToken: next };
  }
  return found;
}
