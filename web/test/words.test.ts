import { describe, expect, test } from 'vitest';

import { stillTyping, Throttle, typingContent, withTypist, withoutTypist } from '../src/model/typing';
import { idOf, toMessage, toMessages, toPerson } from '../src/model/wire';
import { countOf, dayOf, errorOf, listOf, typingOf } from '../src/words';

describe('what arrives', () => {
  const wire = { MessageId: 'id', Content: 'hi', Sender: { Arn: 'a/user/bob', Name: 'Bob' } };

  test('is the same from a frame and from the SDK', () => {
    const at = '2026-01-02T03:04:05.006Z';
    const frame = toMessage({ ...wire, CreatedTimestamp: at });
    expect(frame).toEqual(toMessage({ ...wire, CreatedTimestamp: new Date(at) }));
    expect(frame).toEqual({
      id: 'id', content: 'hi', sender: { arn: 'a/user/bob', name: 'Bob' }, created: Date.parse(at), edited: false, redacted: false, state: 'sent',
    });
  });

  test('tells edits and redactions', () => {
    expect(toMessage({ ...wire, LastEditedTimestamp: '2026-01-02T03:04:05.006Z' }).edited).toBe(true);
    expect(toMessage({ MessageId: 'id', Redacted: true })).toMatchObject({ content: '', redacted: true });
  });

  test('turns lists round', () => {
    expect(toMessages([{ MessageId: 'new' }, { MessageId: 'old' }]).map((m) => m.id)).toEqual(['old', 'new']);
    expect(toMessages(undefined)).toEqual([]);
  });

  test('has a name for who has none', () => {
    expect(toPerson({ Arn: 'a/user/bob' }).name).toBe('bob');
    expect(toPerson(undefined)).toEqual({ arn: '', name: '' });
    expect(idOf('a/channel/c')).toBe('c');
  });
});

describe('typing', () => {
  const bob = { arn: 'bob', name: 'Bob', until: 5 };

  test('is believed for a while, and longer when it goes on', () => {
    const typists = withTypist(withTypist([], bob), { ...bob, until: 8 });
    expect(stillTyping(typists, 7)).toEqual([{ ...bob, until: 8 }]);
    expect(stillTyping(typists, 8)).toEqual([]);
    expect(withoutTypist(typists, 'bob')).toEqual([]);
  });

  test('is told at most every so often', () => {
    const throttle = new Throttle(3000);
    expect([0, 1, 2999, 3000].map((now) => throttle.pass(now))).toEqual([true, false, false, true]);
  });

  test('fits a CONTROL message', () => {
    expect(new TextEncoder().encode(typingContent).length).toBeLessThanOrEqual(30);
  });

  test('is said in words', () => {
    expect([['Bob'], ['Bob', 'Carol'], ['a', 'b', 'c', 'd']].map(typingOf)).toEqual(['Bob is typing', 'Bob and Carol are typing', 'Several people are typing']);
  });
});

test('lists, counts and days are said in words', () => {
  expect(listOf(['Bob', 'Carol', 'Dave'])).toBe('Bob, Carol, and Dave');
  expect([countOf(1, 'member', 'members'), countOf(2, 'member', 'members')]).toEqual(['1 member', '2 members']);
  const now = new Date(2026, 0, 2, 12).getTime();
  expect([dayOf(now, now), dayOf(now - 24 * 3600_000, now), dayOf(now - 72 * 3600_000, now)]).toEqual(['Today', 'Yesterday', 'Tuesday, December 30']);
});

test('errors are told in the words of the server', () => {
  const error = (name: string, message: string): Error => Object.assign(new Error(message), { name });
  expect(errorOf(error('ForbiddenException', 'No.'))).toBe('Forbidden: No.');
  expect(errorOf(error('ThrottledClientException', 'Slower.'))).toBe('Throttled: Slower.');
  expect(errorOf(error('ResourceLimitExceededException', 'Enough.'))).toBe('Resource Limit Exceeded: Enough.');
  expect(errorOf(new TypeError('Failed to fetch'))).toBe('The server does not answer.');
  expect(errorOf(new Error('Plain.'))).toBe('Plain.');
  expect(errorOf('text')).toBe('text');
});
