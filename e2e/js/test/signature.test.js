// Who signs wrongly is told so, and whose clock is wrong can set it right.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { newIdentity, newIdentity2, server } from '../carillon.js';

const hour = 3600 * 1000;
const key = { accessKeyId: server.access_key_id, secretAccessKey: server.secret_access_key };

for (const [name, connect] of [['v3', newIdentity], ['v2', newIdentity2]]) {
  describe(name, () => {
    const refused = async (changes, code) => {
      const sdk = connect(server, changes);
      await assert.rejects(sdk.call('ListAppInstances'), (error) => {
        assert.equal(sdk.code(error), code);
        assert.equal(sdk.status(error), 403);
        assert.ok(sdk.requestId(error));
        assert.match(error.message, /security token|[Ss]ignature/);
        return true;
      });
    };

    test('a wrong secret', () => refused({ credentials: { ...key, secretAccessKey: 'wrong' } }, 'InvalidSignatureException'));
    test('an unknown key', () => refused({ credentials: { ...key, accessKeyId: 'AKIAUNKNOWNUNKNOWN00' } }, 'UnrecognizedClientException'));
    test('a session token that belongs to no key', () => refused({ credentials: { ...key, sessionToken: 'token' } }, 'UnrecognizedClientException'));
    test('a clock that is an hour behind', () => refused({ systemClockOffset: -hour }, 'InvalidSignatureException'));
    test('a clock that is an hour ahead', () => refused({ systemClockOffset: hour }, 'InvalidSignatureException'));
  });
}

test('v3 sets a wrong clock right and tries again', async () => {
  const sdk = newIdentity(server, { systemClockOffset: -hour, maxAttempts: 2 });
  assert.ok((await sdk.call('ListAppInstances')).AppInstances);
});

test('v2 sets a wrong clock right and tries again', async () => {
  const sdk = newIdentity2(server, { systemClockOffset: -hour, correctClockSkew: true, maxRetries: 1 });
  assert.ok((await sdk.call('ListAppInstances')).AppInstances);
});
