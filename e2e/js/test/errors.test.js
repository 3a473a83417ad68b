// Every exception that a request can bring about arrives as its own class, or under its own code.

import { before, describe, test } from 'node:test';

import { newApp, newIdentity, newIdentity2, ready, rejects, sdks } from '../carillon.js';

let app, channel;
before(async () => {
  app = await newApp(2);
  channel = await app.channel(app.owner);
});

for (const { name, connect } of sdks) {
  describe(name, () => {
    const sdk = connect();

    test('BadRequest', () => rejects(sdk, sdk.call('CreateChannel', {
      AppInstanceArn: app.arn, Name: 'channel', Mode: 'OPEN', ChimeBearer: app.owner,
    }), 400, 'BadRequestException'));

    test('Unauthorized', () => rejects(sdk, sdk.call('DescribeChannel', {
      ChannelArn: channel, ChimeBearer: app.nobody,
    }), 401, 'UnauthorizedClientException'));

    test('Forbidden', () => rejects(sdk, sdk.call('BatchCreateChannelMembership', {
      ChannelArn: channel, Type: 'DEFAULT', MemberArns: app.users, ChimeBearer: app.others[0],
    }), 403, 'ForbiddenException'));

    test('NotFound', () => rejects(sdk, sdk.call('BatchCreateChannelMembership', {
      ChannelArn: app.noChannel, Type: 'DEFAULT', MemberArns: app.others, ChimeBearer: app.owner,
    }), 404, 'NotFoundException'));

    test('Conflict', () => rejects(sdk, sdk.call('CreateChannelMembership', {
      ChannelArn: channel, Type: 'DEFAULT', MemberArn: app.owner, ChimeBearer: app.owner,
    }), 409, 'ConflictException'));

    test('ResourceLimitExceeded', async () => {
      const ResourceARN = await app.channel(app.owner);
      const tags = Array.from({ length: 51 }, (_, i) => ({ Key: `tag-${i}`, Value: 'value' }));
      await sdk.call('TagResource', { ResourceARN, Tags: tags.slice(0, 50) });
      await rejects(sdk, sdk.call('TagResource', { ResourceARN, Tags: tags.slice(50) }), 400, 'ResourceLimitExceededException');
    });

    test('Throttled', async () => {
      const limited = ready('CARILLON_READY_AWS');
      const client = connect(limited);
      const { alice, bob } = limited.user_arns;
      const { ChannelArn } = await client.call('CreateChannel', {
        AppInstanceArn: limited.app_instance_arn, Name: 'rates', ChimeBearer: alice,
      });
      const calls = async () => {
        // One per second is let through. So many take less time than so many seconds on any machine.
        for (let i = 0; i < 20; i++) {
          await client.call('BatchCreateChannelMembership', { ChannelArn, Type: 'DEFAULT', MemberArns: [bob], ChimeBearer: alice });
        }
      };
      await rejects(client, calls(), 429, 'ThrottledClientException');
    });
  });
}

for (const [name, connect] of [['v3', newIdentity], ['v2', newIdentity2]]) {
  describe(`identity, ${name}`, () => {
    const sdk = connect();

    test('another user with the same id is a Conflict', () => rejects(sdk, sdk.call('CreateAppInstanceUser', {
      AppInstanceArn: app.arn, AppInstanceUserId: 'user-0', Name: 'Somebody else', ClientRequestToken: `conflict-${name}`,
    }), 409, 'ConflictException'));

    test('a user who is not there is Forbidden', () => rejects(sdk, sdk.call('DescribeAppInstanceUser', {
      AppInstanceUserArn: app.nobody,
    }), 403, 'ForbiddenException'));
  });
}

describe('v2, old namespace', () => {
  test('without a bearer is a BadRequest', async () => {
    const sdk = sdks[2].connect();
    await rejects(sdk, sdk.call('DescribeChannel', { ChannelArn: channel }), 400, 'BadRequestException');
  });
});
