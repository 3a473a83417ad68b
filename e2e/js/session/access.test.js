// Users who log in at an identity provider, in a browser: what they may do, and what they may not.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ChimeSDKIdentityClient, CreateAppInstanceCommand, CreateAppInstanceUserCommand, DescribeAppInstanceUserCommand } from '@aws-sdk/client-chime-sdk-identity';
import { AttachRolePolicyCommand, CreateOpenIDConnectProviderCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';

import { Issuer } from '../issuer.js';
import { Browser, contents, times } from './listener.js';
import { Server } from './server.js';

const roleArn = 'arn:aws:iam::123456789012:role/web';

let server;
let browser;
let issuer;
let users;
before(async () => {
  server = await Server.start('--credentials-min-duration', '1s');
  browser = await Browser.open(server);
  issuer = await Issuer.start(browser.url);
  users = server.ready.user_arns;
  const iam = new IAMClient(server.settings());
  const { OpenIDConnectProviderArn: Federated } = await iam.send(new CreateOpenIDConnectProviderCommand({ Url: issuer.url, ClientIDList: ['page', 'backend'] }));
  await iam.send(new CreateRoleCommand({
    RoleName: 'web', Tags: [{ Key: 'carillon:CreateUserIn', Value: server.ready.app_instance_arn }],
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Federated }, Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] },
    }),
  }));
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'web', PolicyArn: 'arn:aws:iam::aws:policy/CarillonEndUser' }));
});
after(async () => {
  await browser?.close();
  issuer?.close();
  await server?.end();
});

// as opens a page for whom a token speaks of, with a session of a user that is not started. Its credentials
// last an hour, or as long as is asked for.
const as = (webIdentityToken, user, { durationSeconds, ...options } = {}) => browser.listen(server, user, {
  webIdentity: { roleArn, roleSessionName: 'browser', webIdentityToken, durationSeconds }, ...options,
});

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// refused fails unless an answer is the denial of an action on a resource.
function refused(answer, action, resource) {
  const why = `because no identity-based policy allows the ${action} action`;
  const message = `User: arn:aws:sts::123456789012:assumed-role/web/browser is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  assert.deepEqual(answer, { error: 'AccessDeniedException', status: 403, message });
}

describe('alice, who logged in,', () => {
  let alice;
  let channel;
  before(async () => {
    alice = await as(await browser.signIn(issuer, 'alice'), 'alice');
    assert.equal(await alice.start(), null);
    ({ ChannelArn: channel } = await alice.call('CreateChannel', { AppInstanceArn: server.ready.app_instance_arn, Name: 'general', ChimeBearer: users.alice }));
  });

  test('talks as herself with whom she invites, and both hear it', async () => {
    const bob = await as(await issuer.token('bob'), 'bob');
    assert.equal(await bob.start(), null);
    await alice.call('CreateChannelMembership', { ChannelArn: channel, Type: 'DEFAULT', MemberArn: users.bob, ChimeBearer: users.alice });
    const message = { ChannelArn: channel, Type: 'STANDARD', Persistence: 'PERSISTENT' };
    assert.ok((await alice.call('SendChannelMessage', { ...message, Content: 'from alice', ChimeBearer: users.alice })).MessageId);
    assert.ok((await bob.call('SendChannelMessage', { ...message, Content: 'from bob', ChimeBearer: users.bob })).MessageId);
    for (const listener of [alice, bob]) {
      const log = await listener.until('both messages arrive', (l) => contents(l).length === 2);
      const said = log.filter((entry) => entry.type === 'CREATE_CHANNEL_MESSAGE').map(({ payload }) => [payload.Sender.Arn, payload.Content]);
      assert.deepEqual(said, [[users.alice, 'from alice'], [users.bob, 'from bob']]);
    }
    await bob.stop();
  });

  test('cannot call as bob, nor without a bearer, nor manage', async () => {
    const message = { ChannelArn: channel, Content: 'I am bob', Type: 'STANDARD', Persistence: 'PERSISTENT' };
    refused(await alice.call('SendChannelMessage', { ...message, ChimeBearer: users.bob }), 'chime:SendChannelMessage', users.bob);
    refused(await alice.call('ListChannels', { AppInstanceArn: server.ready.app_instance_arn, ChimeBearer: users.bob }), 'chime:ListChannels', users.bob);
    const own = { ...server.settings(), credentials: await alice.credentials() };
    await assert.rejects(new IAMClient(own).send(new CreateRoleCommand({ RoleName: 'mine', AssumeRolePolicyDocument: '{}' })), { name: 'AccessDenied' });
    const describe = new DescribeAppInstanceUserCommand({ AppInstanceUserArn: users.bob });
    await assert.rejects(new ChimeSDKIdentityClient(own).send(describe), (error) => {
      assert.match(error.message, /is not authorized to perform: chime:DescribeAppInstanceUser on resource: \S*\/user\/bob because/);
      return error.$metadata.httpStatusCode === 403;
    });
  });

  test('cannot listen as bob', async () => {
    const mallory = await browser.listen(server, 'bob', { credentials: await alice.credentials() });
    assert.deepEqual(await mallory.start(), { code: 4003, reason: 'Forbidden' });
    assert.deepEqual(await mallory.log(), [{ what: 'connecting', again: false }]);
  });

  test('is nobody elsewhere: in another app instance, and in another account', async () => {
    const identity = new ChimeSDKIdentityClient(server.settings());
    const { AppInstanceArn: other } = await identity.send(new CreateAppInstanceCommand({ Name: 'other' }));
    const { AppInstanceUserArn: bob } = await identity.send(new CreateAppInstanceUserCommand({ AppInstanceArn: other, AppInstanceUserId: 'bob', Name: 'Bob' }));
    refused(await alice.call('ListChannels', { AppInstanceArn: other, ChimeBearer: bob }), 'chime:ListChannels', bob);
    const [nobody, stranger] = [`${other}/user/alice`, users.alice.replace('123456789012', '210987654321')];
    const { error, status } = await alice.call('ListChannels', { AppInstanceArn: other, ChimeBearer: nobody });
    assert.deepEqual([error, status], ['UnauthorizedClientException', 401]);
    const answer = await alice.call('ListChannels', { AppInstanceArn: stranger.split('/user/')[0], ChimeBearer: stranger });
    refused(answer, 'chime:ListChannels', stranger);
    await Promise.all([nobody, stranger].map(async (user) => {
      const mallory = await browser.listen(server, user, { credentials: await alice.credentials() });
      assert.deepEqual(await mallory.start(), { code: 4401, reason: 'Unauthorized' });
    }));
  });

  test('cannot call or listen with a session token that was changed', async () => {
    const { sessionToken, ...key } = await alice.credentials();
    const at = sessionToken.length / 2 | 0;
    const changed = sessionToken.slice(0, at) + (sessionToken[at] === 'A' ? 'B' : 'A') + sessionToken.slice(at + 1);
    await Promise.all([{ ...key, sessionToken: changed }, { ...key, sessionToken: sessionToken.slice(0, -1) }, key].map(async (credentials) => {
      const mallory = await browser.listen(server, 'alice', { credentials, endpointUrl: server.addresses[1] });
      assert.deepEqual(await mallory.start(), { code: 4401, reason: 'Unauthorized' });
      const answer = await mallory.call('ListChannels', { AppInstanceArn: server.ready.app_instance_arn, ChimeBearer: users.alice });
      assert.deepEqual([answer.error, answer.status], ['UnrecognizedClientException', 403]);
    }));
  });

  test('is put out by a revocation, as is a thief of her credentials, and may log in again', async () => {
    const thief = await browser.listen(server, 'alice', { credentials: await alice.credentials() });
    assert.equal(await thief.start(), null);
    server.manage('role', 'revoke', 'web');
    for (const listener of [alice, thief]) {
      const log = await listener.until('it stops', (l) => times(l, 'stop') === 1);
      assert.deepEqual(log.at(-1), { what: 'stop', code: 4003, reason: 'Forbidden' });
      assert.equal((await listener.call('ListChannels', { AppInstanceArn: server.ready.app_instance_arn, ChimeBearer: users.alice })).status, 403);
    }
    const again = await as(await browser.signIn(issuer, 'alice'), 'alice');
    assert.equal(await again.start(), null);
    await again.stop();
  });
});

describe('credentials of seconds', { concurrency: true, timeout: 120_000 }, () => {
  const message = { Type: 'STANDARD', Persistence: 'PERSISTENT' };

  test('end: calls are refused, the session is closed, and no other begins', async () => {
    const alice = await as(await issuer.token('alice'), 'alice', { durationSeconds: 8, once: true });
    const { expiration, ...credentials } = await alice.credentials();
    assert.equal(await alice.start(), null);
    const { ChannelArn } = await alice.call('CreateChannel', { AppInstanceArn: server.ready.app_instance_arn, Name: 'brief', ChimeBearer: users.alice });
    const say = (Content) => alice.call('SendChannelMessage', { ...message, ChannelArn, Content, ChimeBearer: users.alice });
    assert.ok((await say('in time')).MessageId);
    assert.deepEqual(await alice.closes(), []);
    assert.ok(expiration > Date.now(), 'all this took no eight seconds');

    await pause(expiration - Date.now());
    const { error, status } = await say('too late');
    assert.deepEqual([error, status], ['ExpiredTokenException', 403]);
    await alice.until('its connection is closed', async () => (await alice.closes()).length > 0);
    assert.deepEqual(await alice.closes(), [{ code: 1001, reason: 'The credentials have expired' }]);
    const late = await browser.listen(server, 'alice', { credentials, endpointUrl: server.addresses[1] });
    assert.deepEqual(await late.start(), { code: 4401, reason: 'Unauthorized' });
    assert.equal(times(await alice.log(), 'start'), 1); // it is told no endpoint any more
  });

  test('are renewed by the SDK, and its session goes on with nothing missed', async () => {
    const bob = await as(await issuer.token('bob'), 'bob', { durationSeconds: 4 });
    assert.equal(await bob.start(), null);
    const { accessKeyId, expiration } = await bob.credentials();
    const channel = await server.as('alice').createChannel('lasting', 'bob');
    const sent = [];
    while (Date.now() <= expiration || times(await bob.log(), 'start') < 2) {
      await pause(20);
      sent.push(`message ${sent.length}`);
      await server.as('alice').say(channel, sent.at(-1));
    }
    const log = await bob.until('the last message arrives', (l) => contents(l).at(-1) === sent.at(-1));
    assert.deepEqual(contents(log), sent);
    assert.deepEqual((await bob.closes())[0], { code: 1001, reason: 'The credentials have expired' });
    assert.ok((await bob.call('SendChannelMessage', { ...message, ChannelArn: channel, Content: 'still here', ChimeBearer: users.bob })).MessageId);
    assert.notEqual((await bob.credentials()).accessKeyId, accessKeyId);
    await bob.stop();
  });
});
