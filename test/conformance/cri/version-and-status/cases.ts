import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from '../suite/case.ts';

export const cases: readonly Case[] = [
  {
    name: 'the version is of the API, the runtime and its name',
    run: async ({ runtime }) => {
      const answer = await runtime.version({ version: '0.1.0' });
      assert.equal(answer.version, '0.1.0');
      assert.equal(answer.runtimeApiVersion, 'v1');
      assert.notEqual(answer.runtimeName, '');
      assert.match(answer.runtimeVersion, /^v?\d+\.\d+/);
    },
  },
  {
    name: 'a version is told to whoever does not say his own',
    run: async ({ runtime }) => assert.equal((await runtime.version()).version, '0.1.0'),
  },
  {
    name: 'runtime and network are ready',
    run: async ({ runtime }) => {
      const { status } = await runtime.status();
      const conditions = new Map(status?.conditions.map((condition) => [condition.type, condition.status]));
      assert.equal(conditions.get('RuntimeReady'), true);
      assert.equal(conditions.get('NetworkReady'), true);
    },
  },
  {
    name: 'only a verbose status has information',
    run: async ({ runtime }) => {
      assert.deepEqual((await runtime.status()).info, {});
      const { info } = await runtime.status({ verbose: true });
      assert.ok(Object.keys(info).length > 0);
      for (const [key, value] of Object.entries(info)) if (key === 'config') JSON.parse(value);
    },
  },
  {
    name: 'handlers are told, the default one also without a name',
    since: '2.0',
    run: async ({ runtime, target }) => {
      const { runtimeHandlers } = await runtime.status();
      const names = runtimeHandlers.map(({ name }) => name);
      assert.ok(names.includes(''), names.join());
      assert.ok(names.includes(target.otherHandler), names.join());
      assert.deepEqual(names, [...new Set(names)], 'a handler is told twice');
    },
  },
  {
    name: 'features of the server are told',
    since: '2.0',
    run: async ({ runtime }) => {
      const { features } = await runtime.status();
      assert.equal(features?.supplementalGroupsPolicy, true);
    },
  },
  {
    name: 'the cgroup driver is told, and does not change',
    since: '1.7',
    run: async ({ runtime }) => {
      const first = await runtime.runtimeConfig();
      assert.notEqual(first.linux?.cgroupDriver, undefined);
      assert.deepEqual(await runtime.runtimeConfig(), first);
    },
  },
  ...['', '10.200.0.0/16', '10.200.0.0/16,fd00:200::/64'].map((podCidr): Case => ({
    name: `a pod range of '${podCidr}' is taken`,
    run: async ({ runtime }) => {
      await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
      await sleep(1);
      const { status } = await runtime.status();
      assert.ok(status?.conditions.every((condition) => condition.status));
    },
  })),
];
