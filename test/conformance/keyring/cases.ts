import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { userNamespace } from '../suite/spec.ts';

export const cases: readonly Case[] = [
  {
    name: 'the container has a session keyring of its own, named after it',
    needs: ['keyrings'],
    probe: ['keyring'],
    expect: (seen, box) => assert.match(seen.of('keyring'), new RegExp(`^keyring;.*;_ses\\.${box.id}$`)),
  },
  {
    name: 'with --no-new-keyring it has the one of the caller',
    needs: ['keyrings'],
    run: async (box) => {
      const seen = await box.probe(['keyring'], { flags: ['--no-new-keyring'] });
      assert.ok(!seen.of('keyring').includes(box.id));
    },
  },
  {
    name: 'exec has the keyring of the container',
    needs: ['keyrings'],
    run: async (box) => {
      await box.start();
      assert.match((await box.execProbe(['keyring'])).of('keyring'), new RegExp(`_ses\\.${box.id}$`));
    },
  },
  {
    name: 'a user namespace has a keyring of its own',
    needs: ['keyrings'],
    spec: (spec) => userNamespace(spec),
    probe: ['keyring'],
    expect: (seen, box) => assert.ok(seen.of('keyring').endsWith(`_ses.${box.id}`)),
  },
];
