// Messages: sent, listed, read, edited, redacted and deleted.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { newApp, pages, rejects, sdks } from '../carillon.js';

let app;
before(async () => {
  app = await newApp(1);
});

for (const { name, connect } of sdks) {
  describe(name, () => {
    const sdk = connect();
    const send = async (ChannelArn, Content, more = {}) => {
      const sent = await sdk.call('SendChannelMessage', {
        ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: app.owner, ...more,
      });
      return sent.MessageId;
    };
    const get = async (ChannelArn, MessageId) => {
      const got = await sdk.call('GetChannelMessage', { ChannelArn, MessageId, ChimeBearer: app.owner });
      return got.ChannelMessage;
    };

    test('pages come to the end in both orders', async () => {
      const ChannelArn = await app.channel(app.owner);
      const want = [];
      for (let i = 0; i < 12; i++) {
        want.push(await send(ChannelArn, `message ${i}`));
      }
      for (const SortOrder of ['ASCENDING', 'DESCENDING']) {
        const found = await pages(sdk, 'ListChannelMessages', { ChannelArn, SortOrder, MaxResults: 5, ChimeBearer: app.owner });
        assert.deepEqual(found.map((page) => page.ChannelMessages.length), [5, 5, 2]);
        const got = found.flatMap((page) => page.ChannelMessages.map((m) => m.MessageId));
        assert.deepEqual(SortOrder === 'ASCENDING' ? got : got.reverse(), want);
      }
    });

    test('a time in the query bounds a list', async () => {
      const ChannelArn = await app.channel(app.owner);
      await send(ChannelArn, 'one');
      const ago = new Date(Date.now() - 3600 * 1000);
      for (const [bound, want] of [[{ NotBefore: ago }, 1], [{ NotAfter: ago }, 0]]) {
        const { ChannelMessages } = await sdk.call('ListChannelMessages', { ChannelArn, ChimeBearer: app.owner, ...bound });
        assert.equal(ChannelMessages.length, want);
      }
    });

    test('what a message says comes back', async () => {
      const ChannelArn = await app.channel(app.owner);
      for (const text of ['👩‍👩‍👧‍👦 日本語 שלום', 'line\nbreak\r\n\ttab', 'zero \0 byte', ' ', '€'.repeat(1365)]) {
        const got = await get(ChannelArn, await send(ChannelArn, text, { Metadata: '{"a":"ü"}' }));
        assert.deepEqual([got.Content, got.Metadata], [text, '{"a":"ü"}']);
        assert.deepEqual(got.Sender, { Arn: app.owner, Name: 'User 0' });
        assert.ok(got.CreatedTimestamp instanceof Date);
      }
    });

    test('a message is edited, redacted and deleted', async () => {
      const ChannelArn = await app.channel(app.owner);
      const MessageId = await send(ChannelArn, 'first');
      const it = { ChannelArn, MessageId, ChimeBearer: app.owner };
      await sdk.call('UpdateChannelMessage', { ...it, Content: 'second' });
      const edited = await get(ChannelArn, MessageId);
      assert.equal(edited.Content, 'second');
      assert.ok(edited.LastEditedTimestamp instanceof Date);
      await sdk.call('RedactChannelMessage', it);
      const redacted = await get(ChannelArn, MessageId);
      assert.equal(redacted.Redacted, true);
      assert.ok(!redacted.Content);
      await sdk.call('DeleteChannelMessage', { ...it, ChimeBearer: app.admin });
      await rejects(sdk, sdk.call('GetChannelMessage', it), 404, 'NotFoundException');
    });
  });
}
