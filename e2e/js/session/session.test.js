// The official client, unmodified, in a real browser that trusts the server's authority.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, contents, times } from './listener.js';
import { Server } from './server.js';

let server;
let browser;
before(async () => {
  server = await Server.start();
  browser = await Browser.open(server);
});
after(async () => {
  await browser?.close();
  await server?.end();
});

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

describe('a session', () => {
  test('starts, hears what happens in the channels of its user, in every tab, and stops', async () => {
    const [alice, tab, bob] = await Promise.all([browser.listen(server, 'alice'), browser.listen(server, 'alice'), browser.listen(server, 'bob')]);
    assert.deepEqual(await Promise.all([alice.start(), tab.start(), bob.start()]), [null, null, null]);

    const channel = await server.as('alice').createChannel('general', 'bob');
    await server.as('alice').say(channel, 'Hello \u0000 "Bob" 💬');
    for (const [listener, own] of [[alice, true], [tab, true], [bob, false]]) {
      const log = await listener.until('the message arrives', (l) => contents(l).length === 1);
      assert.deepEqual(contents(log), ['Hello \u0000 "Bob" 💬']);
      assert.deepEqual(log.slice(0, 3).map((entry) => entry.type ?? entry.what), ['connecting', 'start', 'SESSION_ESTABLISHED']);
      assert.equal(times(log, 'start'), 1);
      const types = log.filter((entry) => entry.what === 'message').map((entry) => entry.type);
      assert.deepEqual(types, [
        'SESSION_ESTABLISHED', ...(own ? ['CREATE_CHANNEL_MEMBERSHIP'] : []), 'BATCH_CREATE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MESSAGE',
      ]);
      const { headers, payload } = log.at(-1);
      assert.deepEqual(headers, { 'x-amz-chime-event-type': 'CREATE_CHANNEL_MESSAGE', 'x-amz-chime-message-type': 'STANDARD' });
      assert.match(payload.CreatedTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual(payload.Status, { Value: 'SENT' });
      assert.deepEqual(payload.Sender, { Arn: server.ready.user_arns.alice, Name: 'Alice' });
    }

    await server.as('alice').call('DeleteChannelMembership', { ChannelArn: channel, MemberArn: server.ready.user_arns.bob });
    await server.as('alice').say(channel, 'He is gone');
    await alice.until('the second message arrives', (l) => contents(l).length === 2);
    const heard = await bob.until('the membership ends', (l) => l.at(-1).type === 'DELETE_CHANNEL_MEMBERSHIP');
    assert.deepEqual(contents(heard), ['Hello \u0000 "Bob" 💬']);

    await Promise.all([alice, tab, bob].map((listener) => listener.stop()));
    const log = await alice.until('it stops', (l) => times(l, 'stop') === 1);
    assert.deepEqual(log.at(-1), { what: 'stop', code: 1005, reason: '' });
    await pause(1500);
    assert.equal(times(await alice.log(), 'connecting'), 1);
  });

  test('prefetches at most 50 channels, after SESSION_ESTABLISHED', async () => {
    const messaging = server.as('carol');
    const channels = [];
    for (let i = 0; i < 51; i += 1) {
      channels.push(await messaging.createChannel(`channel ${i}`));
    }
    for (let i = 0; i < 22; i += 1) {
      await messaging.say(channels[7], `message ${i}`);
    }
    for (const sort of ['unread', 'last-message-timestamp']) {
      const carol = await browser.listen(server, 'carol', { prefetch: sort });
      assert.equal(await carol.start(), null);
      const log = await carol.until('50 channels arrive', (l) => l.filter((entry) => entry.type === 'CHANNEL_DETAILS').length === 50);
      assert.deepEqual(log.slice(0, 3).map((entry) => entry.type ?? entry.what), ['connecting', 'start', 'SESSION_ESTABLISHED']);
      const { payload } = log.find((entry) => entry.payload?.Channel?.ChannelArn === channels[7]);
      assert.deepEqual(payload.ChannelMessages.map((m) => m.Content), Array.from({ length: 20 }, (_, i) => `message ${21 - i}`));
      assert.equal(payload.ChannelMessagesHasMore, true);
      assert.deepEqual(payload.ChannelMemberships, [{ Member: { Arn: server.ready.user_arns.carol, Name: 'Carol' } }]);
      assert.equal('ReadMarkerTimestamp' in payload, false);
      await pause(200);
      assert.equal((await carol.log()).filter((entry) => entry.type === 'CHANNEL_DETAILS').length, 50);
      await carol.stop();
    }
  });
});

describe('a client', () => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    test(`comes back after ${signal} and has missed nothing`, async () => {
      const alice = await browser.listen(server, 'alice', { sessionId: `it's ${signal}` });
      assert.equal(await alice.start(), null);
      const channel = await server.as('bob').createChannel(signal, 'alice');
      const sent = [];
      const say = async (text) => {
        await server.as('bob').say(channel, text);
        sent.push(text);
      };
      for (let i = 0; i < 20; i += 1) {
        await say(`before ${i}`);
      }
      if (signal === 'SIGTERM') {
        // A client that reads nothing for four seconds is cut off, and gets again what it has not confirmed.
        await alice.until('everything is read', (l) => contents(l).length === sent.length);
      }
      await server.end(signal);
      await server.start();
      for (let i = 0; i < 20; i += 1) {
        await say(`meanwhile ${i}`); // the client waits up to a second before it tries
      }
      await alice.until('it is back', (l) => times(l, 'start') === 2);
      await say('after');
      const log = await alice.until('the last message arrives', (l) => contents(l).at(-1) === 'after');
      // What was under way when the process was killed may come twice.
      assert.deepEqual(signal === 'SIGKILL' ? [...new Set(contents(log))] : contents(log), sent);
      assert.equal(times(log, 'stop'), 0);
      await alice.stop();
    });
  }

  test('with wrong credentials is told so once, and does not try again', async () => {
    const mallory = await browser.listen(server, 'alice', { secret: 'wrong', endpointUrl: server.addresses[1] });
    assert.deepEqual(await mallory.start(), { code: 4401, reason: 'Unauthorized' });
    await pause(1500);
    assert.equal(times(await mallory.log(), 'connecting'), 1);
  });

  test('whose user is deleted is stopped, and does not try again', async () => {
    const dave = await browser.listen(server, 'dave');
    assert.equal(await dave.start(), null);
    await server.deleteUser('dave');
    const log = await dave.until('it stops', (l) => times(l, 'stop') === 1);
    assert.deepEqual(log.at(-1), { what: 'stop', code: 4003, reason: 'The user was deleted' });
    await pause(1500);
    assert.equal(times(await dave.log(), 'connecting'), 1);
  });
});
