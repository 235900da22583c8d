import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { EncodedItems, encodedList } from './encoded-items.ts';

const owner = {};
const item = (state: wire.ContainerState) => ({ id: 'c', state, labels: { app: 'web' }, metadata: { name: 'app' } });

test('a list of encoded items is the list of the items', () => {
  const items = new EncodedItems(wire.ContainerSchema);
  const bytes = items.of(owner, 'running', () => item(wire.ContainerState.CONTAINER_RUNNING));
  const schema = wire.ListContainersResponseSchema;
  const plain = create(schema, { containers: Array(2).fill(item(wire.ContainerState.CONTAINER_RUNNING)) });
  const encoded = encodedList(schema, schema.field.containers.number, [bytes, bytes]);
  assert.deepEqual(fromBinary(schema, toBinary(schema, encoded)), fromBinary(schema, toBinary(schema, plain)));
});

test('an item is encoded again when it has changed, and only then', () => {
  const items = new EncodedItems(wire.ContainerSchema);
  let made = 0;
  const make = (state: wire.ContainerState) => () => (made++, item(state));
  const first = items.of(owner, 'created', make(wire.ContainerState.CONTAINER_CREATED));
  assert.equal(items.of(owner, 'created', make(wire.ContainerState.CONTAINER_CREATED)), first);
  assert.notDeepEqual(items.of(owner, 'running', make(wire.ContainerState.CONTAINER_RUNNING)), first);
  assert.equal(made, 2);
});

test('an empty list is an empty message', () => {
  const schema = wire.ListPodSandboxResponseSchema;
  assert.equal(toBinary(schema, encodedList(schema, 1, [])).length, 0);
});
