// Texts, ids and times come back as they went in.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { newApp, sdks } from '../carillon.js';

const texts = [
  'Ünïcødé ß ŉ ﬁ',
  '日本語 한국어 中文',
  'שלום مرحبا',
  '👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 𝒳',
  'e\u0301 differs from é',
  '"quotes" \'and\' \\backslashes\\ /slashes/ %2F %',
  'tab\tand line\nbreaks\r\n',
  '\u2028\u2029\ufffd\ue000',
  '😀'.repeat(256),
];

let app;
before(async () => {
  app = await newApp(1);
});

for (const { name, connect } of sdks) {
  describe(name, () => {
    const sdk = connect();

    test('texts come back', async () => {
      for (const text of texts) {
        const { ChannelArn } = await sdk.call('CreateChannel', {
          AppInstanceArn: app.arn, Name: text, Metadata: text.slice(0, 256), ChimeBearer: app.owner,
        });
        const { Channel } = await sdk.call('DescribeChannel', { ChannelArn, ChimeBearer: app.owner });
        assert.deepEqual([Channel.Name, Channel.Metadata], [text, text.slice(0, 256)]);
      }
    });

    test('ids work in paths and queries', async () => {
      for (const id of ['x', 'bob@example.com', 'us-east-1:0d5e0c4e-6a1c-4f0e-8f57-0f0b6b6f8c55', 'a:-_.@Z', 'i'.repeat(64)]) {
        const user = await app.user(id, id);
        const ChannelArn = await app.channel(app.owner);
        await sdk.call('CreateChannelMembership', { ChannelArn, Type: 'DEFAULT', MemberArn: user, ChimeBearer: app.owner });
        await sdk.call('DescribeChannelMembership', { ChannelArn, MemberArn: user, ChimeBearer: user });
        const { ChannelMemberships } = await sdk.call('ListChannelMembershipsForAppInstanceUser', { AppInstanceUserArn: user, ChimeBearer: user });
        assert.deepEqual(ChannelMemberships.map((m) => m.ChannelSummary.ChannelArn), [ChannelArn]);
        await sdk.call('DeleteChannelMembership', { ChannelArn, MemberArn: user, ChimeBearer: user });
      }
    });

    test('times are times', async () => {
      const ChannelArn = await app.channel(app.owner);
      const { Channel } = await sdk.call('DescribeChannel', { ChannelArn, ChimeBearer: app.owner });
      for (const time of [Channel.CreatedTimestamp, Channel.LastUpdatedTimestamp]) {
        assert.ok(time instanceof Date);
        assert.ok(Math.abs(time - Date.now()) < 3600 * 1000, `${time} is not now`);
      }
      assert.equal(Channel.LastMessageTimestamp, undefined);
    });
  });
}
