// Tags are the same in all namespaces.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { newApp, newIdentity, sdks } from '../carillon.js';

test('tags are set, listed and removed', async () => {
  const app = await newApp(1);
  const [v3, v2, old] = sdks.map((sdk) => sdk.connect());
  const identity = newIdentity();
  const { ChannelArn: ResourceARN } = await v3.call('CreateChannel', {
    AppInstanceArn: app.arn, Name: 'tagged', Tags: [{ Key: 'Stadt', Value: 'Köln 🏙' }], ChimeBearer: app.owner,
  });
  await identity.call('TagResource', { ResourceARN, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] });
  await old.call('UntagResource', { ResourceARN, TagKeys: ['a', 'Stadt'] });
  for (const sdk of [v3, v2, old, identity]) {
    const { Tags } = await sdk.call('ListTagsForResource', { ResourceARN });
    assert.deepEqual(Tags, [{ Key: 'b', Value: '2' }]);
  }
});
