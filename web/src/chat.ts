// The chat of one user: what the views show, and what they may do.

import type { Api } from './api';
import {
  byActivity, newChannel, newest, unread, withActivity, withMembers, withMessage, withNote, withOlder, withReadMarker, withSent,
  withSnapshot, withoutMember, withoutMessage, type Channel, type Message, type Person,
} from './model/channel';
import { stillTyping, Throttle, typingContent, typingEvery, typingFor, withTypist, withoutTypist, type Typist } from './model/typing';
import { idOf, toMessage, toMessages, toPerson, toTime, type WireIdentity, type WireMessage, type WireTime } from './model/wire';
import { Session, type Link, type Listener } from './session';
import { errorOf, listOf } from './words';

export interface Toast {
  readonly id: number;
  readonly text: string;
}

// A Payload is what a frame carries: one of several things, of which each has some of these members.
interface Payload extends WireMessage {
  ChannelArn?: string;
  Name?: string;
  Member?: WireIdentity;
  Members?: WireIdentity[];
  InvitedBy?: WireIdentity;
  Channel?: { ChannelArn: string; Name: string; LastMessageTimestamp?: WireTime };
  ChannelMessages?: WireMessage[];
  ChannelMessagesHasMore?: boolean;
  ChannelMemberships?: { Member: WireIdentity }[];
  ReadMarkerTimestamp?: WireTime;
}

const markAfter = 250;
const prefetchFor = 1500;
const toastFor = 8000;

export class Chat implements Listener {
  link: Link = { state: 'connecting' };
  ready = false; // the channels are known
  selected: string | undefined;
  // What was unread when the channel was opened, or looked at again, is newer than this.
  unreadSince = Number.MAX_SAFE_INTEGER;
  toasts: readonly Toast[] = [];
  // What assistive technology reads out.
  announcement = '';

  private channels: ReadonlyMap<string, Channel> = new Map();
  private typists: ReadonlyMap<string, readonly Typist[]> = new Map();
  private readonly typing = new Throttle(typingEvery);
  private readonly views = new Set<() => void>();
  private readonly session: Session;
  // What is being sent. The echoes of one's own messages wait for the answers, which say what they are
  // the echoes of.
  private readonly sending = new Set<Promise<void>>();
  // The last message on its way to each channel. The next one goes behind it: what is written in haste
  // arrives in the order in which it was written.
  private readonly underway = new Map<string, Promise<void>>();
  private readonly marking = new Map<string, number>(); // timers by channel
  private lastToast = 0;

  constructor(
    readonly api: Api,
    plain: boolean,
  ) {
    this.session = new Session(api, plain, this);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') {
        this.unreadSince = this.channel(this.selected)?.readMarker ?? this.unreadSince;
      }
      this.read();
    });
  }

  get me(): Person {
    return this.api.me;
  }

  // subscribe has a view told of every change, until what it returns is called.
  subscribe(view: () => void): () => void {
    this.views.add(view);
    return () => this.views.delete(view);
  }

  start(): void {
    this.session.start();
    void this.attempt(async () => {
      for (const m of await this.api.memberships()) {
        this.change(m.arn, (c) => withReadMarker(withActivity({ ...c, name: m.name }, m.lastMessage), m.readMarker), m.name);
      }
    }).then(() => {
      this.ready = true;
      this.changed();
      window.setTimeout(() => void this.loadUnread(), prefetchFor);
    });
  }

  reconnect(): void {
    this.session.restart();
  }

  // What there is to show.

  list(): Channel[] {
    return [...this.channels.values()].sort(byActivity);
  }

  channel(arn: string | undefined): Channel | undefined {
    return arn === undefined ? undefined : this.channels.get(arn);
  }

  typistsIn(arn: string): readonly Typist[] {
    return this.typists.get(arn) ?? [];
  }

  unreadTotal(): number {
    return this.list().reduce((sum, c) => sum + unread(c, this.me.arn).count, 0);
  }

  // What the user does.

  open(arn: string | undefined): void {
    if (arn === this.selected) {
      return;
    }
    this.selected = arn;
    const channel = this.channel(arn);
    this.unreadSince = channel?.readMarker ?? Number.MAX_SAFE_INTEGER;
    this.changed();
    if (channel === undefined) {
      return;
    }
    if (!channel.loaded) {
      void this.load(channel.arn).then(() => this.read());
    }
    void this.attempt(async () => {
      const members = await this.api.members(channel.arn);
      this.change(channel.arn, (c) => withMembers({ ...c, members: [] }, members));
    });
    this.read();
  }

  async loadOlder(arn: string): Promise<void> {
    const first = this.channel(arn)?.messages.find((m) => m.state === 'sent');
    if (first === undefined) {
      return;
    }
    await this.attempt(async () => {
      // Others of the same millisecond come again, and are known by their ids.
      const page = await this.api.messages(arn, first.created + 1);
      this.change(arn, (c) => withOlder(c, page));
    });
  }

  // createChannel makes a channel, adds people to it, and opens it.
  async createChannel(name: string, people: readonly Person[]): Promise<string | undefined> {
    const arn = await this.attempt(() => this.api.createChannel(name));
    if (arn === undefined) {
      return undefined;
    }
    this.change(arn, (c) => withMembers(withActivity({ ...c, name, loaded: true, complete: true }, Date.now()), [this.me]), name);
    if (people.length > 0) {
      await this.addMembers(arn, people);
    }
    return arn;
  }

  async addMembers(arn: string, people: readonly Person[]): Promise<void> {
    await this.attempt(async () => {
      const { members, problems } = await this.api.addMembers(arn, people);
      this.change(arn, (c) => withMembers(c, members));
      problems.forEach((p) => this.toast(p));
    });
  }

  async leave(arn: string): Promise<void> {
    await this.attempt(async () => {
      await this.api.leave(arn);
      this.forget(arn);
    });
  }

  send(arn: string, content: string): void {
    this.unreadSince = Number.MAX_SAFE_INTEGER;
    const message: Message = {
      id: crypto.randomUUID(), sender: this.me, content, created: Date.now(), edited: false, redacted: false, state: 'sending',
    };
    this.change(arn, (c) => withMessage(c, message));
    this.deliver(arn, message);
  }

  // resend sends a message again that did not get through. Its token sees to it that it is there once.
  resend(arn: string, message: Message): void {
    const again: Message = { ...message, state: 'sending' };
    this.change(arn, (c) => withMessage(c, again));
    this.deliver(arn, again);
  }

  discard(arn: string, message: Message): void {
    this.change(arn, (c) => withoutMessage(c, message.id));
  }

  async edit(arn: string, message: Message, content: string): Promise<void> {
    await this.attempt(async () => {
      await this.api.edit(arn, message.id, content);
      this.change(arn, (c) => withMessage(c, { ...message, content, edited: true }));
    });
  }

  async redact(arn: string, message: Message): Promise<void> {
    await this.attempt(async () => {
      await this.api.redact(arn, message.id);
      this.change(arn, (c) => withMessage(c, { ...message, content: '', redacted: true }));
    });
  }

  // typed tells the others that the user is typing, every now and then.
  typed(arn: string): void {
    if (this.typing.pass(Date.now())) {
      void this.attempt(() => this.api.signal(arn, typingContent));
    }
  }

  toast(text: string): void {
    if (this.toasts.some((t) => t.text === text)) {
      return;
    }
    const id = ++this.lastToast;
    this.toasts = [...this.toasts, { id, text }];
    window.setTimeout(() => this.dismiss(id), toastFor);
    this.changed();
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((t) => t.id !== id);
    this.changed();
  }

  // attempt does something, and tells the user when it fails.
  async attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
    try {
      return await what();
    } catch (error) {
      this.toast(errorOf(error));
      return undefined;
    }
  }

  // What the session tells.

  linked(link: Link): void {
    this.link = link;
    this.changed();
  }

  received(type: string, text: string): void {
    if (text === '') {
      return;
    }
    const payload = JSON.parse(text) as Payload;
    const own = payload.Sender?.Arn === this.me.arn;
    if (own && this.sending.size > 0) {
      void Promise.all(this.sending).then(() => this.handle(type, payload));
    } else {
      this.handle(type, payload);
    }
  }

  private handle(type: string, payload: Payload): void {
    const arn = payload.ChannelArn ?? payload.Channel?.ChannelArn ?? '';
    switch (type) {
      case 'CHANNEL_DETAILS':
        this.detailed(arn, payload);
        break;
      case 'CREATE_CHANNEL_MESSAGE':
        if (payload.Type === 'CONTROL') {
          this.signalled(arn, payload);
        } else {
          this.arrived(arn, toMessage(payload));
        }
        break;
      case 'UPDATE_CHANNEL_MESSAGE':
      case 'REDACT_CHANNEL_MESSAGE':
        this.change(arn, (c) => withMessage(c, toMessage(payload)));
        break;
      case 'DELETE_CHANNEL_MESSAGE':
        this.change(arn, (c) => withoutMessage(c, payload.MessageId ?? ''));
        break;
      case 'DENIED_CREATE_CHANNEL_MESSAGE':
      case 'DENIED_UPDATE_CHANNEL_MESSAGE':
      case 'FAILED_CREATE_CHANNEL_MESSAGE':
      case 'FAILED_UPDATE_CHANNEL_MESSAGE':
        this.toast(`The channel's flow did not let “${payload.Content ?? ''}” through.`);
        break;
      case 'UPDATE_CHANNEL':
        this.change(arn, (c) => ({ ...c, name: payload.Name ?? c.name }));
        break;
      case 'DELETE_CHANNEL':
        this.expelled(arn, `${this.channel(arn)?.name ?? 'A channel'} was deleted.`);
        break;
      case 'CREATE_CHANNEL_MEMBERSHIP':
        this.joined(arn, [toPerson(payload.Member)], toPerson(payload.InvitedBy));
        break;
      case 'BATCH_CREATE_CHANNEL_MEMBERSHIP':
        this.joined(arn, (payload.Members ?? []).map(toPerson), toPerson(payload.InvitedBy));
        break;
      case 'DELETE_CHANNEL_MEMBERSHIP':
        this.left(arn, toPerson(payload.Member));
        break;
    }
  }

  private detailed(arn: string, payload: Payload): void {
    const name = payload.Channel?.Name ?? '';
    const snapshot = { messages: toMessages(payload.ChannelMessages), complete: !(payload.ChannelMessagesHasMore ?? false) };
    const members = (payload.ChannelMemberships ?? []).map((m) => toPerson(m.Member));
    this.change(
      arn,
      (c) => withMembers(withReadMarker(withSnapshot({ ...c, name }, snapshot), toTime(payload.ReadMarkerTimestamp)), members),
      name,
    );
    this.read();
  }

  private arrived(arn: string, message: Message): void {
    this.silence(arn, message.sender.arn);
    this.change(arn, (c) => withMessage(c, message));
    if (message.sender.arn !== this.me.arn) {
      const where = arn === this.selected ? '' : ` in ${this.channel(arn)?.name ?? 'another channel'}`;
      this.announcement = `${message.sender.name}${where}: ${message.content}`;
    }
    this.read();
  }

  private signalled(arn: string, payload: Payload): void {
    const sender = toPerson(payload.Sender);
    if (payload.Content !== typingContent || sender.arn === this.me.arn) {
      return;
    }
    this.setTypists(arn, withTypist(this.typistsIn(arn), { ...sender, until: Date.now() + typingFor }));
    window.setTimeout(() => this.setTypists(arn, stillTyping(this.typistsIn(arn), Date.now())), typingFor);
  }

  private joined(arn: string, people: readonly Person[], invitedBy: Person): void {
    const meToo = people.some((p) => p.arn === this.me.arn);
    if (meToo && this.channel(arn) === undefined) {
      void this.learn(arn, invitedBy);
      return;
    }
    const alone = people.length === 1 && people[0]?.arn === invitedBy.arn;
    const names = listOf(people.map((p) => (p.arn === this.me.arn ? 'you' : p.name)));
    const text = alone ? `${people[0]?.name} joined` : `${this.called(invitedBy)} added ${names}`;
    this.change(arn, (c) => withMembers(c, people));
    if (!(alone && meToo)) {
      this.note(arn, text);
    }
  }

  private left(arn: string, person: Person): void {
    if (person.arn === this.me.arn) {
      this.expelled(arn, `You are no longer in ${this.channel(arn)?.name ?? 'a channel'}.`);
      return;
    }
    this.silence(arn, person.arn);
    this.change(arn, (c) => withoutMember(c, person.arn));
    this.note(arn, `${person.name} left`);
  }

  // learn adds a channel that the user has just been added to.
  private async learn(arn: string, invitedBy: Person): Promise<void> {
    await this.attempt(async () => {
      const name = await this.api.channelName(arn);
      this.change(arn, (c) => withActivity({ ...c, name }, Date.now()), name);
      if (invitedBy.arn !== this.me.arn) {
        this.note(arn, `${invitedBy.name} added you`);
      }
      await this.load(arn);
    });
  }

  private expelled(arn: string, why: string): void {
    if (this.channel(arn) !== undefined) {
      this.forget(arn);
      this.toast(why);
    }
  }

  private forget(arn: string): void {
    const rest = new Map(this.channels);
    rest.delete(arn);
    this.channels = rest;
    if (this.selected === arn) {
      this.selected = undefined;
    }
    this.changed();
  }

  private note(arn: string, text: string): void {
    this.change(arn, (c) => withNote(c, { id: crypto.randomUUID(), at: Date.now(), text }));
    if (arn === this.selected) {
      this.announcement = text;
    }
  }

  private called(person: Person): string {
    return person.arn === this.me.arn ? 'You' : person.name;
  }

  private deliver(arn: string, message: Message): void {
    const before = this.underway.get(arn) ?? Promise.resolve();
    const sent = before.then(() => this.attempt(() => this.api.send(arn, message.content, message.id))).then((id) => {
      this.sending.delete(sent);
      this.change(arn, (c) =>
        id === undefined ? withMessage(c, { ...message, state: 'failed' }) : withSent(c, message.id, id),
      );
    });
    this.sending.add(sent);
    this.underway.set(arn, sent);
  }

  // loadUnread asks for what the session has not brought along: it does so for fifty channels, if at all.
  private async loadUnread(): Promise<void> {
    for (const { arn } of this.list()) {
      const channel = this.channel(arn);
      if (channel !== undefined && !channel.loaded && channel.activity > channel.readMarker) {
        await this.load(arn);
      }
    }
  }

  private async load(arn: string): Promise<void> {
    await this.attempt(async () => {
      const snapshot = await this.api.messages(arn);
      this.change(arn, (c) => withSnapshot(c, snapshot));
    });
  }

  // read moves the read marker to the end of the channel that the user looks at.
  private read(): void {
    const channel = this.channel(this.selected);
    if (channel === undefined || document.visibilityState !== 'visible' || unread(channel, this.me.arn).count === 0) {
      return;
    }
    this.change(channel.arn, (c) => withReadMarker(c, newest(c)));
    window.clearTimeout(this.marking.get(channel.arn));
    this.marking.set(channel.arn, window.setTimeout(() => void this.attempt(() => this.api.markRead(channel.arn)), markAfter));
  }

  private silence(arn: string, person: string): void {
    this.setTypists(arn, withoutTypist(this.typistsIn(arn), person));
  }

  private setTypists(arn: string, typists: readonly Typist[]): void {
    this.typists = new Map(this.typists).set(arn, typists);
    this.changed();
  }

  // change changes a channel. One that is not known is made if there is a name for it; a change of
  // another is dropped.
  private change(arn: string, how: (channel: Channel) => Channel, name?: string): void {
    const channel = this.channel(arn) ?? (name === undefined ? undefined : newChannel(arn, name || idOf(arn)));
    if (channel !== undefined) {
      this.channels = new Map(this.channels).set(arn, how(channel));
      this.changed();
    }
  }

  private changed(): void {
    this.views.forEach((view) => view());
  }
}
