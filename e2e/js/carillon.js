// What the tests share: the two official SDKs behind one face, and an app to try them on.
//
// The server is described by the JSON file that CARILLON_READY names, and one that has the limits of
// AWS by the file that CARILLON_READY_AWS names.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import * as identity3 from '@aws-sdk/client-chime-sdk-identity';
import * as messaging3 from '@aws-sdk/client-chime-sdk-messaging';
import Chime2 from 'aws-sdk/clients/chime.js';
import Identity2 from 'aws-sdk/clients/chimesdkidentity.js';
import Messaging2 from 'aws-sdk/clients/chimesdkmessaging.js';

export function ready(variable = 'CARILLON_READY') {
  return JSON.parse(readFileSync(process.env[variable], 'utf8'));
}

export const server = ready();

function settings(of) {
  return {
    endpoint: of.endpoint,
    region: of.region,
    credentials: { accessKeyId: of.access_key_id, secretAccessKey: of.secret_access_key },
  };
}

// v3 gives a client of the SDK's version 3 one method per operation: call(name, input). Nothing is
// tried twice: an error is to be seen.
function v3(module, Client) {
  return (of = server, changes = {}) => {
    const client = new Client({ maxAttempts: 1, ...settings(of), ...changes });
    return {
      client,
      call: (name, input = {}) => client.send(new module[`${name}Command`](input)),
      // isException tells whether an error is of the exception's own class.
      isException: (error, name) => module[name] !== undefined && error instanceof module[name],
      status: (error) => error.$metadata.httpStatusCode,
      requestId: (error) => error.$metadata.requestId,
      code: (error) => error.name,
    };
  };
}

// v2 does the same for version 2. It has no classes for exceptions; it names them by the code in the
// body, which is "Conflict" for ConflictException.
function v2(Client, always = {}) {
  return (of = server, changes = {}) => {
    const client = new Client({ maxRetries: 0, ...always, ...settings(of), ...changes });
    return {
      client,
      call: (name, input = {}) => client[name[0].toLowerCase() + name.slice(1)](input).promise(),
      isException: (error, name) => error instanceof Error && error.code === codes[name],
      status: (error) => error.statusCode,
      requestId: (error) => error.requestId,
      code: (error) => error.code,
    };
  };
}

const codes = {
  BadRequestException: 'BadRequest',
  ConflictException: 'Conflict',
  ForbiddenException: 'Forbidden',
  NotFoundException: 'NotFound',
  ResourceLimitExceededException: 'ResourceLimitExceeded',
  ThrottledClientException: 'Throttled',
  UnauthorizedClientException: 'Unauthorized',
};

export const newIdentity = v3(identity3, identity3.ChimeSDKIdentityClient);
export const newIdentity2 = v2(Identity2);

// What a client of the old namespace is set to when it reaches the server as its proxy, and believes
// that it talks to AWS.
const proxied = { endpoint: 'http://chime.us-east-1.amazonaws.com', httpOptions: { proxy: server.endpoint } };

// sdks are the clients of messaging. The old namespace would put messaging- or identity- before the
// host of the endpoint.
export const sdks = [
  { name: 'v3', connect: v3(messaging3, messaging3.ChimeSDKMessagingClient) },
  { name: 'v2', connect: v2(Messaging2) },
  { name: 'v2, old namespace', connect: v2(Chime2, { hostPrefixEnabled: false }) },
];
export const oldThroughProxy = { name: 'v2, old namespace through a proxy', connect: () => v2(Chime2)(server, proxied) };

export { messaging3 };

// newApp makes an app instance with an admin and users user-0, user-1, and so on.
export async function newApp(count) {
  const identity = newIdentity();
  const { AppInstanceArn: arn } = await identity.call('CreateAppInstance', { Name: 'e2e' });
  const user = async (id, name) => {
    const made = await identity.call('CreateAppInstanceUser', { AppInstanceArn: arn, AppInstanceUserId: id, Name: name });
    return made.AppInstanceUserArn;
  };
  const admin = await user('admin', 'Admin');
  await identity.call('CreateAppInstanceAdmin', { AppInstanceArn: arn, AppInstanceAdminArn: admin });
  const users = await Promise.all(Array.from({ length: count }, (_, i) => user(`user-${i}`, `User ${i}`)));
  const messaging = sdks[0].connect();
  return {
    arn, admin, user, users, owner: users[0], others: users.slice(1),
    nobody: `${arn}/user/nobody`,
    noChannel: `${arn}/channel/none`,
    channel: async (owner, name = 'channel') => {
      const made = await messaging.call('CreateChannel', { AppInstanceArn: arn, Name: name, ChimeBearer: owner });
      return made.ChannelArn;
    },
  };
}

// pages calls an operation page by page, as long as there is a NextToken, and returns all pages.
export async function pages(sdk, name, input) {
  const all = [];
  for (let NextToken; all.length < 1000;) {
    const page = await sdk.call(name, NextToken === undefined ? input : { ...input, NextToken });
    all.push(page);
    if (!page.NextToken) {
      return all;
    }
    NextToken = page.NextToken;
  }
  throw new Error('the pages have no end');
}

// rejects fails unless a call ends with the exception, and everything that the SDK tells of it is there.
export async function rejects(sdk, promise, status, name) {
  let error;
  try {
    await promise;
  } catch (e) {
    error = e;
  }
  assert.ok(error, `no error, expected ${name}`);
  assert.ok(sdk.isException(error, name), `${sdk.code(error)} is no ${name}`);
  assert.equal(sdk.status(error), status);
  assert.ok(error.message && error.message !== 'UnknownError');
  assert.ok(sdk.requestId(error));
  return error;
}
