import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PodEntry } from './entry.ts';
import { PodEventHub } from './events.ts';
import { podConfig } from './spec/input-example.ts';

const pod = () =>
  new PodEntry(
    { namespace: 'k8s.io', id: 'p', createdAt: 1 },
    { config: podConfig, runtimeHandler: '', phase: 'running', netns: '' },
  );

describe('events of pods', () => {
  it('come in order to each who asked, from then on', async () => {
    const hub = new PodEventHub();
    const one = pod();
    hub.tell('created', 'p', one);
    const end = new AbortController();
    const events = hub.subscribe(end.signal);
    const first = events.next();
    hub.tell('started', 'p', one);
    hub.tell('stopped', 'p', one);
    assert.equal((await first).value?.type, 'started');
    const { value } = await events.next();
    assert.deepEqual([value?.type, value?.pod?.id], ['stopped', 'p']);
    const last = events.next();
    end.abort();
    assert.equal((await last).done, true);
  });

  it('of a pod that is gone have no pod', async () => {
    const hub = new PodEventHub();
    const one = pod();
    const events = hub.subscribe(new AbortController().signal);
    const first = events.next();
    one.removed = true;
    hub.tell('deleted', 'p', one);
    assert.equal((await first).value?.pod, undefined);
  });

  it('a subscriber that does not take them is ended instead of holding the engine back', async () => {
    const hub = new PodEventHub();
    const one = pod();
    const events = hub.subscribe(new AbortController().signal);
    const first = events.next();
    for (let n = 0; n < 5000; n++) hub.tell('started', 'p', one);
    await assert.rejects(
      async () => {
        await first;
        for (;;) await events.next();
      },
      { code: 'events_lost' },
    );
  });
});
