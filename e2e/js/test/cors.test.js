// What a browser asks before it lets a page call the API, and what it needs to hand on the answer.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';

import { server } from '../carillon.js';

const origin = 'https://app.example.com';

// The headers that the SDKs send from a browser.
const headers = {
  v3: 'amz-sdk-invocation-id,amz-sdk-request,authorization,content-type,x-amz-chime-bearer,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-user-agent',
  v2: 'authorization,content-type,x-amz-chime-bearer,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-user-agent',
};
const path = `/channels/${encodeURIComponent(`${server.app_instance_arn}/channel/c`)}/memberships`;

// ask sends a request as it is: fetch would keep some of these headers to itself.
function ask(method, target, headers) {
  return new Promise((resolve, reject) => {
    request(new URL(target, server.endpoint), { method, headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() }));
    }).on('error', reject).end();
  });
}

const list = (text) => (text ?? '').split(',').map((word) => word.trim().toLowerCase());

for (const [sdk, wanted] of Object.entries(headers)) {
  describe(`a preflight for ${sdk}`, () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      test(`allows ${method}`, async () => {
        const answer = await ask('OPTIONS', `${path}?operation=batch-create`, {
          Origin: origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': wanted,
        });
        assert.equal(answer.status, 204);
        assert.equal(answer.body, '');
        assert.ok([origin, '*'].includes(answer.headers['access-control-allow-origin']));
        assert.ok(list(answer.headers['access-control-allow-methods']).includes(method.toLowerCase()));
        const allowed = list(answer.headers['access-control-allow-headers']);
        assert.deepEqual(wanted.split(',').filter((header) => !allowed.includes(header)), []);
        assert.ok(Number(answer.headers['access-control-max-age']) > 0);
      });
    }
  });
}

test('an error can be read by the page that asked', async () => {
  const answer = await ask('GET', path, { Origin: origin });
  assert.equal(answer.status, 403);
  assert.ok([origin, '*'].includes(answer.headers['access-control-allow-origin']));
  const exposed = list(answer.headers['access-control-expose-headers']);
  for (const header of ['x-amzn-errortype', 'x-amzn-requestid']) {
    assert.ok(answer.headers[header], `${header} is missing`);
    assert.ok(exposed.includes(header), `${header} is not exposed`);
  }
  assert.ok(JSON.parse(answer.body).Message);
});

test('who is no page gets no such headers', async () => {
  const answer = await ask('GET', path, {});
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
});
