// Temporary credentials by the SDK's own providers: by a key, and by tokens of an identity provider.

import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';

import * as iam from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromTemporaryCredentials, fromWebToken } from '@aws-sdk/credential-providers';

import { newApp, newIdentity, sdks, server } from '../carillon.js';
import { Issuer } from '../issuer.js';

const settings = { endpoint: server.endpoint, region: server.region, maxAttempts: 1 };
const root = { accessKeyId: server.access_key_id, secretAccessKey: server.secret_access_key };

let app;
let issuer;
before(async () => {
  [app, issuer] = await Promise.all([newApp(2), Issuer.start()]);
  const client = new iam.IAMClient({ ...settings, credentials: root });
  const { OpenIDConnectProviderArn: Federated } = await client.send(
    new iam.CreateOpenIDConnectProviderCommand({ Url: issuer.url, ClientIDList: ['backend'] }));
  const trust = (Principal, ...Action) => JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal, Action } });
  for (const [RoleName, AssumeRolePolicyDocument] of [
    ['js-chat', trust({ AWS: server.account_id }, 'sts:AssumeRole', 'sts:TagSession')],
    ['js-web', trust({ Federated }, 'sts:AssumeRoleWithWebIdentity', 'sts:TagSession')],
  ]) {
    await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, Tags: [{ Key: 'carillon:CreateUserIn', Value: app.arn }] }));
    await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: 'arn:aws:iam::aws:policy/CarillonEndUser' }));
  }
});
after(() => issuer?.close());

const roleArn = (name) => `arn:aws:iam::${server.account_id}:role/${name}`;

for (const { name, connect } of sdks) {
  test(`${name}: fromTemporaryCredentials takes a role as one user, and as no other`, async () => {
    const credentials = fromTemporaryCredentials({
      masterCredentials: root, clientConfig: settings,
      params: { RoleArn: roleArn('js-chat'), RoleSessionName: 'backend', Tags: [{ Key: 'UserUUID', Value: 'user-0' }], DurationSeconds: 900 },
    });
    const sdk = connect(server, { credentials: name === 'v3' ? credentials : await credentials() });
    await sdk.call('CreateChannel', { AppInstanceArn: app.arn, Name: name, ChimeBearer: app.users[0] });
    await assert.rejects(sdk.call('CreateChannel', { AppInstanceArn: app.arn, Name: name, ChimeBearer: app.users[1] }), (error) => {
      assert.equal(sdk.status(error), 403);
      assert.match(error.message, /assumed-role\/js-chat\/backend is not authorized to perform: chime:CreateChannel on resource: \S+\/user\/user-1 because/);
      return true;
    });
    if (name === 'v3') {
      const who = await new STSClient({ ...settings, credentials }).send(new GetCallerIdentityCommand({}));
      assert.equal(who.Arn, `arn:aws:sts::${server.account_id}:assumed-role/js-chat/backend`);
      const left = (await credentials()).expiration - Date.now();
      assert.ok(left > 800_000 && left <= 900_000, `${left} ms`);
    }
  });
}

describe('fromWebToken: a token', () => {
  const login = (webIdentityToken, user) => {
    const credentials = fromWebToken({ roleArn: roleArn('js-web'), roleSessionName: 'page', webIdentityToken, clientConfig: settings });
    return sdks[0].connect(server, { credentials }).call('ListChannels', { AppInstanceArn: app.arn, ChimeBearer: `${app.arn}/user/${user}` });
  };

  test('of a user whom nobody knows yet makes one, once', async () => {
    const token = await issuer.token('zoe');
    await Promise.all([login(token, 'zoe'), login(token, 'zoe'), login(await issuer.token('zoe'), 'zoe')]);
    const { AppInstanceUser: made } = await newIdentity().call('DescribeAppInstanceUser', { AppInstanceUserArn: `${app.arn}/user/zoe` });
    assert.equal(made.Name, 'Zoe of the issuer');
  });

  test('is taken by the new keys when its issuer has rotated them', async () => {
    await login(await issuer.token('zoe'), 'zoe');
    issuer.rotate();
    await login(await issuer.token('zoe'), 'zoe');
  });

  test('that has expired is told so', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() - 3600_000 }); // for the issuer, which is in this process
    const expired = await issuer.token('zoe').finally(() => mock.timers.reset());
    await assert.rejects(login(expired, 'zoe'), { name: 'ExpiredTokenException' });
  });

  test('whose subject was changed, or that another issuer signed, is not believed', async () => {
    const [header, body, signature] = (await issuer.token('zoe')).split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    const forged = [header, Buffer.from(JSON.stringify({ ...claims, sub: 'user-0' })).toString('base64url'), signature].join('.');
    await assert.rejects(login(forged, 'user-0'), { name: 'InvalidIdentityTokenException' });
    const other = await Issuer.start();
    try {
      await assert.rejects(login(await other.token('user-0'), 'user-0'), { name: 'InvalidIdentityTokenException' });
    } finally {
      other.close();
    }
  });
});
