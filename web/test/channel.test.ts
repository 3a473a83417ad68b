import { describe, expect, test } from 'vitest';

import {
  byActivity, newChannel, newest, unread, withMembers, withMessage, withOlder, withReadMarker, withSent, withSnapshot, withoutMember,
  withoutMessage, type Channel, type Message,
} from '../src/model/channel';

const alice = { arn: 'user/alice', name: 'Alice' };
const bob = { arn: 'user/bob', name: 'Bob' };

// said is a message of Bob's that is named after the time it was sent at.
function said(at: number, more: Partial<Message> = {}): Message {
  return { id: `m${at}`, sender: bob, content: `at ${at}`, created: at, edited: false, redacted: false, state: 'sent', ...more };
}

function holding(messages: Message[], more: Partial<Channel> = {}): Channel {
  return { ...newChannel('channel/c', 'general'), messages, loaded: true, complete: true, ...more };
}

const ids = (channel: Channel): string[] => channel.messages.map((m) => m.id);

describe('a message that arrives', () => {
  test('comes last when it is new', () => {
    expect(ids(withMessage(holding([said(1)]), said(2)))).toEqual(['m1', 'm2']);
  });

  test('is there once, however often it comes', () => {
    const channel = withMessage(withMessage(holding([said(1)]), said(2)), said(2));
    expect(ids(channel)).toEqual(['m1', 'm2']);
  });

  test('goes where it belongs when another overtook it', () => {
    expect(ids(withMessage(holding([said(1), said(3)]), said(2)))).toEqual(['m1', 'm2', 'm3']);
  });

  test('comes after those of the same millisecond', () => {
    expect(ids(withMessage(holding([said(1), said(2, { id: 'a' })]), said(2, { id: 'b' })))).toEqual(['m1', 'a', 'b']);
  });

  test('replaces itself when it was edited', () => {
    const channel = withMessage(holding([said(1), said(2)]), said(1, { content: 'new', edited: true }));
    expect(channel.messages[0]).toMatchObject({ id: 'm1', content: 'new', edited: true });
    expect(ids(channel)).toEqual(['m1', 'm2']);
  });

  test('is left out when it was edited before it was read', () => {
    const channel = holding([said(5)], { complete: false });
    expect(withMessage(channel, said(1, { edited: true }))).toBe(channel);
  });

  test('is the activity of its channel', () => {
    expect(withMessage(holding([], { activity: 3 }), said(7)).activity).toBe(7);
    expect(withMessage(holding([], { activity: 9 }), said(7)).activity).toBe(9);
  });
});

describe('a message on its way', () => {
  const pending = said(5, { id: 'token', sender: alice, state: 'sending' });

  test('stays last until it is sent', () => {
    expect(ids(withMessage(holding([pending]), said(9)))).toEqual(['m9', 'token']);
  });

  test('gets its id from the answer', () => {
    const channel = withSent(holding([said(1), pending]), 'token', 'id');
    expect(channel.messages.map((m) => [m.id, m.state])).toEqual([['m1', 'sent'], ['id', 'sent']]);
  });

  test('is there once when its echo came before the answer', () => {
    expect(ids(withSent(holding([said(6, { id: 'id' }), pending]), 'token', 'id'))).toEqual(['id']);
  });

  test('is gone when it is discarded', () => {
    expect(ids(withoutMessage(holding([said(1), pending]), 'token'))).toEqual(['m1']);
  });
});

describe('a snapshot', () => {
  test('joins what is known', () => {
    const channel = withSnapshot(holding([said(1), said(2)]), { messages: [said(2), said(3)], complete: false });
    expect(ids(channel)).toEqual(['m1', 'm2', 'm3']);
    expect(channel).toMatchObject({ complete: true, loaded: true, activity: 3 });
  });

  test('replaces what is known when it does not reach it', () => {
    const pending = said(2, { id: 'token', state: 'sending' });
    const channel = withSnapshot(holding([said(1), pending]), { messages: [said(8), said(9)], complete: false });
    expect(ids(channel)).toEqual(['m8', 'm9', 'token']);
    expect(channel.complete).toBe(false);
  });

  test('joins what happened before anything was read', () => {
    const fresh = { ...newChannel('channel/c', 'general'), messages: [said(3)] };
    const channel = withSnapshot(fresh, { messages: [said(1), said(2), said(3)], complete: true });
    expect(ids(channel)).toEqual(['m1', 'm2', 'm3']);
    expect(channel.complete).toBe(true);
  });

  test('of nothing at all is complete', () => {
    expect(withSnapshot(newChannel('channel/c', ''), { messages: [], complete: true })).toMatchObject({ messages: [], complete: true, loaded: true });
  });
});

test('an older page comes before what is known, of the same millisecond too', () => {
  const page = { messages: [said(1), said(2, { id: 'a' }), said(2, { id: 'b' })], complete: true };
  const channel = withOlder(holding([said(2, { id: 'b' }), said(3)], { complete: false }), page);
  expect(ids(channel)).toEqual(['m1', 'a', 'b', 'm3']);
  expect(channel.complete).toBe(true);
});

describe('unread', () => {
  const count = (channel: Channel): string => {
    const { count, more } = unread(channel, alice.arn);
    return `${count}${more ? '+' : ''}`;
  };

  test('is what others said after the marker', () => {
    expect(count(holding([said(1), said(2), said(3), said(4, { sender: alice })], { readMarker: 1 }))).toBe('2');
  });

  test('leaves redacted messages out', () => {
    expect(count(holding([said(2), said(3, { redacted: true })], { readMarker: 1 }))).toBe('1');
  });

  test('is everything for who has never looked', () => {
    expect(count(holding([said(1), said(2)]))).toBe('2');
  });

  test('may be more than what is known', () => {
    expect(count(holding([said(5), said(6)], { readMarker: 1, complete: false }))).toBe('2+');
    expect(count(holding([said(1), said(6)], { readMarker: 1, complete: false }))).toBe('1');
    expect(count(holding([], { readMarker: 1, complete: false }))).toBe('0');
  });

  test('is nothing once the marker is at the end, and the marker never goes back', () => {
    const channel = holding([said(1), said(2)]);
    const read = withReadMarker(channel, newest(channel));
    expect(count(read)).toBe('0');
    expect(withReadMarker(read, 1).readMarker).toBe(2);
  });
});

test('members are there once, by name', () => {
  const channel = withMembers(withMembers(newChannel('channel/c', ''), [bob]), [alice, bob]);
  expect(channel.members).toEqual([alice, bob]);
  expect(withoutMember(channel, alice.arn).members).toEqual([bob]);
});

test('channels are sorted by activity, then by name', () => {
  const list = [['b', 1], ['a', 1], ['c', 9]].map(([name, activity]) => ({ ...newChannel(`channel/${name}`, String(name)), activity: Number(activity) }));
  expect(list.sort(byActivity).map((c) => c.name)).toEqual(['c', 'a', 'b']);
});
