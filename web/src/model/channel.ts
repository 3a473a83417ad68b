// A channel as one of its members sees it, and what changes it. Everything here is pure: a change
// returns a new channel.

export interface Person {
  readonly arn: string;
  readonly name: string;
}

export interface Message {
  // MessageId; while the message is on its way, the token of its request.
  readonly id: string;
  readonly sender: Person;
  readonly content: string;
  readonly created: number; // milliseconds, as everywhere here
  readonly edited: boolean;
  readonly redacted: boolean;
  readonly state: 'sent' | 'sending' | 'failed';
}

// A Note is a line about the channel: who joined, who left.
export interface Note {
  readonly id: string;
  readonly at: number;
  readonly text: string;
}

export interface Channel {
  readonly arn: string;
  readonly name: string;
  // When something last happened.
  readonly activity: number;
  // What is newer has not been read; 0 before anything was.
  readonly readMarker: number;
  // Oldest first, without a gap up to the newest; what is on its way comes last.
  readonly messages: readonly Message[];
  // Nothing is older than messages.
  readonly complete: boolean;
  // The newest messages have been asked for; before, messages holds what has happened meanwhile.
  readonly loaded: boolean;
  readonly members: readonly Person[];
  readonly notes: readonly Note[];
}

export function newChannel(arn: string, name: string): Channel {
  return {
    arn, name, activity: 0, readMarker: 0, messages: [], complete: false, loaded: false, members: [], notes: [],
  };
}

// A Snapshot is the newest messages of a channel at some time.
export interface Snapshot {
  readonly messages: readonly Message[]; // oldest first
  readonly complete: boolean;
}

// withSnapshot takes in the newest messages. When they do not reach what is known, because more has
// happened in between, what is known goes: a conversation has no holes.
export function withSnapshot(channel: Channel, snapshot: Snapshot): Channel {
  const known = new Set(channel.messages.map((m) => m.id));
  const settled = channel.messages.some((m) => m.state === 'sent');
  const reaches = snapshot.complete || !settled || snapshot.messages.some((m) => known.has(m.id));
  const kept = reaches ? channel.messages : channel.messages.filter((m) => m.state !== 'sent');
  return {
    ...withActivity(channel, snapshot.messages.at(-1)?.created),
    messages: merge(kept, snapshot.messages),
    complete: snapshot.complete || (reaches && channel.complete),
    loaded: true,
  };
}

// withOlder takes in a page of messages from before the first.
export function withOlder(channel: Channel, page: Snapshot): Channel {
  return { ...channel, messages: merge(channel.messages, page.messages, true), complete: page.complete };
}

// withMessage takes in a message that is new, or that has changed.
export function withMessage(channel: Channel, message: Message): Channel {
  const first = channel.messages[0];
  const known = channel.messages.some((m) => m.id === message.id);
  if (!known && !channel.complete && first !== undefined && message.created < first.created) {
    return channel; // it has changed, and belongs to what has not been read yet
  }
  return { ...withActivity(channel, message.created), messages: merge(channel.messages, [message]) };
}

export function withoutMessage(channel: Channel, id: string): Channel {
  return { ...channel, messages: channel.messages.filter((m) => m.id !== id) };
}

// withSent gives a message that was on its way the id that the server gave it. It may have arrived
// from there already.
export function withSent(channel: Channel, token: string, id: string): Channel {
  const pending = channel.messages.find((m) => m.id === token);
  if (pending === undefined || channel.messages.some((m) => m.id === id)) {
    return withoutMessage(channel, token);
  }
  return withMessage(withoutMessage(channel, token), { ...pending, id, state: 'sent' });
}

export function withMembers(channel: Channel, members: readonly Person[]): Channel {
  const byArn = new Map([...channel.members, ...members].map((m) => [m.arn, m]));
  return { ...channel, members: [...byArn.values()].sort((a, b) => a.name.localeCompare(b.name)) };
}

export function withoutMember(channel: Channel, arn: string): Channel {
  return { ...channel, members: channel.members.filter((m) => m.arn !== arn) };
}

export function withNote(channel: Channel, note: Note): Channel {
  return { ...withActivity(channel, note.at), notes: [...channel.notes, note] };
}

export function withActivity(channel: Channel, at = 0): Channel {
  return at > channel.activity ? { ...channel, activity: at } : channel;
}

export function withReadMarker(channel: Channel, at: number): Channel {
  return at > channel.readMarker ? { ...channel, readMarker: at } : channel;
}

// Unread is how many messages of others are newer than the read marker; more when there may be others
// beyond those that are known.
export interface Unread {
  readonly count: number;
  readonly more: boolean;
}

export function unread(channel: Channel, me: string): Unread {
  const first = channel.messages[0];
  const count = channel.messages.filter((m) => isUnread(m, channel.readMarker, me)).length;
  const more = channel.loaded && !channel.complete && first !== undefined && first.created > channel.readMarker;
  return { count, more: more && count > 0 };
}

export function isUnread(message: Message, readMarker: number, me: string): boolean {
  return message.created > readMarker && message.sender.arn !== me && !message.redacted;
}

// newest is when the last message of the server was created.
export function newest(channel: Channel): number {
  return channel.messages.findLast((m) => m.state === 'sent')?.created ?? 0;
}

// byActivity sorts channels: the liveliest first.
export function byActivity(a: Channel, b: Channel): number {
  return b.activity - a.activity || a.name.localeCompare(b.name);
}

// merge replaces known messages by what has come of them, and puts the rest where it belongs: among
// messages of one millisecond, before the known ones when it is a page from before them, else after.
function merge(known: readonly Message[], incoming: readonly Message[], older = false): Message[] {
  const fresh = new Map(incoming.map((m) => [m.id, m]));
  const replaced = known.map((m) => {
    const now = fresh.get(m.id);
    fresh.delete(m.id);
    return now ?? m;
  });
  const all = older ? [...fresh.values(), ...replaced] : [...replaced, ...fresh.values()];
  return all.sort((a, b) => place(a) - place(b));
}

function place(message: Message): number {
  return message.state === 'sent' ? message.created : Number.MAX_SAFE_INTEGER;
}
