import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus } from './bus.ts';

test('events are told to listeners, and the last ones are kept in order', () => {
  const bus = new EventBus();
  const heard: string[] = [];
  bus.publish({ type: 'container', action: 'early', id: '0', attributes: {} });
  const end = bus.subscribe(({ action }) => heard.push(action));
  for (let n = 0; n < 300; n++) bus.publish({ type: 'container', action: `a${n}`, id: '1', attributes: {} });
  end();
  bus.publish({ type: 'container', action: 'late', id: '2', attributes: {} });
  assert.equal(heard.length, 300);
  assert.deepEqual([bus.recent().length, bus.recent()[0]?.action, bus.recent().at(-1)?.action], [256, 'a45', 'late']);
});
