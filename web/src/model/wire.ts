// What arrives, as the model has it. Answers of the SDK and payloads of frames name their members alike,
// but the times of the ones are dates, and of the others texts.

import type { Message, Person } from './channel';

export type WireTime = Date | string | undefined;

export interface WireIdentity {
  Arn?: string | undefined;
  Name?: string | undefined;
}

export interface WireMessage {
  MessageId?: string | undefined;
  Content?: string | undefined;
  Type?: string | undefined;
  CreatedTimestamp?: WireTime;
  LastEditedTimestamp?: WireTime;
  Sender?: WireIdentity | undefined;
  Redacted?: boolean | undefined;
}

export function toTime(time: WireTime): number {
  return time === undefined ? 0 : new Date(time).getTime();
}

export function toPerson(identity: WireIdentity | undefined): Person {
  const arn = identity?.Arn ?? '';
  return { arn, name: identity?.Name || idOf(arn) };
}

// idOf is the last part of an ARN.
export function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

export function toMessage(message: WireMessage): Message {
  return {
    id: message.MessageId ?? '',
    sender: toPerson(message.Sender),
    content: message.Content ?? '',
    created: toTime(message.CreatedTimestamp),
    edited: message.LastEditedTimestamp !== undefined,
    redacted: message.Redacted ?? false,
    state: 'sent',
  };
}

// toMessages takes a list that is newest first, as lists of the API are, and returns it oldest first.
export function toMessages(list: readonly WireMessage[] | undefined): Message[] {
  return (list ?? []).map(toMessage).reverse();
}
