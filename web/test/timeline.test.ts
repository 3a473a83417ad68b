import { expect, test } from 'vitest';

import { newChannel, type Message, type Note } from '../src/model/channel';
import { timeline } from '../src/model/timeline';

const alice = { arn: 'user/alice', name: 'Alice' };
const bob = { arn: 'user/bob', name: 'Bob' };
const minute = 60_000;
const noon = new Date(2026, 0, 2, 12).getTime();
const never = Number.MAX_SAFE_INTEGER;

function said(id: string, created: number, sender = bob): Message {
  return { id, sender, content: id, created, edited: false, redacted: false, state: 'sent' };
}

// drawn is what a channel looks like, in short: where groups begin and end, messages are in brackets.
function drawn(messages: Message[], notes: Note[] = [], readMarker = never): string[] {
  return timeline({ ...newChannel('channel/c', ''), messages, notes }, alice.arn, readMarker).map((row) => {
    switch (row.kind) {
      case 'message':
        return `${row.first ? '[' : ' '}${row.mine ? '>' : ''}${row.message.id}${row.last ? ']' : ''}`;
      case 'note':
        return row.note.text;
      default:
        return row.kind;
    }
  });
}

test('messages of one person stand together', () => {
  expect(drawn([said('a', noon), said('b', noon + 1), said('c', noon + 2, alice), said('d', noon + 3, alice)])).toEqual(['day', '[a', ' b]', '[>c', ' >d]']);
});

test('a pause ends a group', () => {
  expect(drawn([said('a', noon), said('b', noon + 6 * minute)])).toEqual(['day', '[a]', '[b]']);
});

test('each day begins with its name', () => {
  expect(drawn([said('a', noon), said('b', noon + 24 * 60 * minute)])).toEqual(['day', '[a]', 'day', '[b]']);
});

test('notes stand where they happened, and end a group', () => {
  const notes = [{ id: 'n2', at: noon + 9, text: 'last' }, { id: 'n1', at: noon + 1, text: 'between' }];
  expect(drawn([said('a', noon), said('b', noon + 2)], notes)).toEqual(['day', '[a]', 'between', '[b]', 'last']);
});

test('a note alone has its day', () => {
  expect(drawn([], [{ id: 'n', at: noon, text: 'joined' }])).toEqual(['day', 'joined']);
});

test('a line stands above the first unread message of others', () => {
  expect(drawn([said('a', noon), said('b', noon + 1, alice), said('c', noon + 2), said('d', noon + 3)], [], noon)).toEqual(['day', '[a]', '[>b]', 'new', '[c', ' d]']);
});

test('keys are unique', () => {
  const keys = timeline({ ...newChannel('channel/c', ''), messages: [said('a', noon), said('b', noon + 24 * 60 * minute)] }, alice.arn, 0).map((r) => r.key);
  expect(new Set(keys).size).toBe(keys.length);
});
