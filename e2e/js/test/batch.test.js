// BatchCreateChannelMembership, with the same tests for every SDK and namespace.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { newApp, oldThroughProxy, pages, rejects, sdks } from '../carillon.js';

let app;
before(async () => {
  app = await newApp(103);
});

for (const { name, connect } of [...sdks, oldThroughProxy]) {
  describe(name, () => {
    const sdk = connect();
    const members = async (ChannelArn, more = {}) => {
      const found = await pages(sdk, 'ListChannelMemberships', { ChannelArn, ChimeBearer: app.owner, ...more });
      return found.flatMap((page) => page.ChannelMemberships.map((m) => m.Member.Arn));
    };

    test('a hundred users become members in one call', async () => {
      const channel = await app.channel(app.owner);
      const answer = await sdk.call('BatchCreateChannelMembership', {
        ChannelArn: channel, Type: 'DEFAULT', MemberArns: app.others.slice(0, 100), ChimeBearer: app.owner,
      });
      assert.deepEqual(answer.Errors, []);
      const batch = answer.BatchChannelMemberships;
      assert.deepEqual(batch.InvitedBy, { Arn: app.owner, Name: 'User 0' });
      assert.equal(batch.ChannelArn, channel);
      assert.equal(batch.Type, 'DEFAULT');
      assert.deepEqual(batch.Members, app.others.slice(0, 100).map((Arn, i) => ({ Arn, Name: `User ${i + 1}` })));
      assert.deepEqual(await members(channel), app.users.slice(0, 101));
    });

    test('who cannot be added is told apart, and the others are added', async () => {
      const channel = await app.channel(app.owner);
      const [present, banned, fine] = app.others;
      await sdk.call('CreateChannelMembership', { ChannelArn: channel, Type: 'DEFAULT', MemberArn: present, ChimeBearer: app.owner });
      await sdk.call('CreateChannelBan', { ChannelArn: channel, MemberArn: banned, ChimeBearer: app.owner });
      const answer = await sdk.call('BatchCreateChannelMembership', {
        ChannelArn: channel, Type: 'DEFAULT', ChimeBearer: app.owner,
        MemberArns: [present, app.nobody, fine, banned, channel, fine],
      });
      assert.deepEqual(answer.BatchChannelMemberships.Members.map((m) => m.Arn), [fine]);
      assert.deepEqual(answer.Errors.map((e) => [e.MemberArn, e.ErrorCode]), [
        [present, 'Conflict'], [app.nobody, 'NotFound'], [banned, 'Forbidden'], [channel, 'BadRequest'],
      ]);
      assert.ok(answer.Errors.every((e) => e.ErrorMessage));
    });

    test('when nobody can be added both lists are there', async () => {
      const channel = await app.channel(app.owner);
      const answer = await sdk.call('BatchCreateChannelMembership', {
        ChannelArn: channel, Type: 'DEFAULT', MemberArns: [app.owner], ChimeBearer: app.owner,
      });
      assert.deepEqual(answer.BatchChannelMemberships.Members, []);
      assert.deepEqual(answer.Errors.map((e) => e.ErrorCode), ['Conflict']);
    });

    test('hidden members are listed apart', async () => {
      const channel = await app.channel(app.owner);
      const hidden = app.others.slice(0, 3);
      const answer = await sdk.call('BatchCreateChannelMembership', {
        ChannelArn: channel, Type: 'HIDDEN', MemberArns: hidden, ChimeBearer: app.owner,
      });
      assert.equal(answer.BatchChannelMemberships.Type, 'HIDDEN');
      assert.deepEqual(await members(channel), [app.owner]);
      assert.deepEqual(await members(channel, { Type: 'HIDDEN' }), hidden);
    });

    test('a hundred and one members are refused', async () => {
      const channel = await app.channel(app.owner);
      await rejects(sdk, sdk.call('BatchCreateChannelMembership', {
        ChannelArn: channel, Type: 'DEFAULT', MemberArns: app.others.slice(0, 101), ChimeBearer: app.owner,
      }), 400, 'BadRequestException');
    });
  });
}
