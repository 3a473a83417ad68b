// Lists come to the end page by page, with everything once and in order.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { messaging3, newApp, pages, rejects, sdks } from '../carillon.js';

let app, channels;
before(async () => {
  app = await newApp(60);
  const sdk = sdks[0].connect();
  channels = [];
  for (let i = 0; i < 5; i++) {
    channels.push(await app.channel(app.owner, `channel ${i}`));
  }
  await sdk.call('BatchCreateChannelMembership', {
    ChannelArn: channels[0], Type: 'DEFAULT', MemberArns: app.others, ChimeBearer: app.owner,
  });
});

// check holds lists of names against what they should be together, and their lengths.
function check(want, size, lists) {
  assert.deepEqual(lists.flat(), want);
  const sizes = Array(Math.floor(want.length / size)).fill(size);
  if (want.length % size > 0) {
    sizes.push(want.length % size);
  }
  assert.deepEqual(lists.map((list) => list.length), sizes);
}

for (const { name, connect } of sdks) {
  describe(name, () => {
    const sdk = connect();

    test('members of a channel', async () => {
      for (const size of [1, 7, 30, 50]) {
        const found = await pages(sdk, 'ListChannelMemberships', { ChannelArn: channels[0], MaxResults: size, ChimeBearer: app.owner });
        check(app.users, size, found.map((page) => page.ChannelMemberships.map((m) => m.Member.Arn)));
      }
    });

    test('channels of an app instance', async () => {
      const found = await pages(sdk, 'ListChannels', { AppInstanceArn: app.arn, MaxResults: 2, ChimeBearer: app.owner });
      check(channels, 2, found.map((page) => page.Channels.map((c) => c.ChannelArn)));
    });

    test('memberships of a user', async () => {
      const found = await pages(sdk, 'ListChannelMembershipsForAppInstanceUser', {
        AppInstanceUserArn: app.owner, MaxResults: 3, ChimeBearer: app.admin,
      });
      check(channels, 3, found.map((page) => page.ChannelMemberships.map((m) => m.ChannelSummary.ChannelArn)));
    });

    test('channels that a user moderates', async () => {
      const found = await pages(sdk, 'ListChannelsModeratedByAppInstanceUser', { MaxResults: 4, ChimeBearer: app.owner });
      check(channels, 4, found.map((page) => page.Channels.map((c) => c.ChannelSummary.ChannelArn)));
    });

    test('a token is refused with other parameters', async () => {
      const { NextToken } = await sdk.call('ListChannels', { AppInstanceArn: app.arn, MaxResults: 2, ChimeBearer: app.owner });
      await rejects(sdk, sdk.call('ListChannelMemberships', {
        ChannelArn: channels[0], NextToken, ChimeBearer: app.owner,
      }), 400, 'BadRequestException');
    });
  });
}

test("v3's own paginator comes to the end", async () => {
  const { client } = sdks[0].connect();
  const found = [];
  for await (const page of messaging3.paginateListChannelMemberships({ client, pageSize: 25 }, { ChannelArn: channels[0], ChimeBearer: app.owner })) {
    found.push(page.ChannelMemberships.map((m) => m.Member.Arn));
  }
  check(app.users, 25, found);
});

test("v2's own paginator comes to the end", async () => {
  const { client } = sdks[1].connect();
  const found = await new Promise((resolve, reject) => {
    const all = [];
    client.listChannelMemberships({ ChannelArn: channels[0], MaxResults: 25, ChimeBearer: app.owner }).eachPage((error, page) => {
      if (error) {
        reject(error);
        return false;
      }
      if (page === null) {
        resolve(all);
        return false;
      }
      all.push(page.ChannelMemberships.map((m) => m.Member.Arn));
      return true;
    });
  });
  check(app.users, 25, found);
});
