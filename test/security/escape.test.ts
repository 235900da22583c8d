import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { removeParent } from '../conformance/suite/cgroups.ts';
import { findRunc } from '../conformance/suite/find-runc.ts';
import { whyNot } from '../conformance/suite/register.ts';
import { type Runtime, runcAt } from '../conformance/suite/runtime.ts';
import { Armoury, type Attempt } from './attack.ts';
import { descriptorAttempts } from './descriptors.ts';
import { executableAttempts } from './executable.ts';
import { mountAttempts } from './mounts.ts';
import { redirectionAttempts } from './redirections.ts';

const project = path.join(import.meta.dirname, '../..');
const own = path.join(project, 'bin/berth-oci');
const attempts: readonly Attempt[] = [
  ...descriptorAttempts,
  ...redirectionAttempts,
  ...mountAttempts,
  ...executableAttempts,
];

const newest = await findRunc();
const debian = await runcAt('/usr/sbin/runc');

let armoury: Armoury;
before(() => void (armoury = new Armoury()));
after(() => {
  armoury[Symbol.dispose]();
  removeParent();
});

/** What must not change, whatever runs. */
function programs(): string {
  const files = [own, path.join(project, 'build/native/berth-launcher'), process.execPath].filter((file) =>
    existsSync(file),
  );
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function held(runtime: Runtime): void {
  describe(`${runtime.name} holds`, { skip: whyNot, concurrency: 2 }, () => {
    for (const attempt of attempts)
      it(attempt.name, async () => assert.equal(await attempt.run(runtime, armoury), undefined));
  });
}

if (existsSync(own)) {
  const unchanged = programs();
  held({ name: 'berth-oci', command: [own] });
  it('our own programs are what they were', () => assert.equal(programs(), unchanged));
}
// The attempts themselves: a careful runtime holds, so that they ask for nothing impossible...
if (newest?.runcVersion !== undefined && newest.runcVersion[1] >= 4) held(newest);

/* ...and one that is old does not, so that they mean something. */
describe('an old runc lets through', { skip: whyNot }, () => {
  for (const attempt of attempts.filter(({ works }) => works !== undefined)) {
    it(attempt.name, async (context) => {
      if (debian?.runcVersion === undefined) return context.skip("there is no runc of Debian's");
      const [major, minor] = debian.runcVersion;
      if (major > 1 || minor > 1) return context.skip(`runc ${major}.${minor} is not old enough to prove the attempt`);
      let loot = await attempt.run(debian, armoury);
      for (let turn = 0; turn < 4 && loot === undefined && attempt.works === 'by luck'; turn++)
        loot = await attempt.run(debian, armoury);
      if (loot === undefined && attempt.works === 'by luck') return context.skip('the race was not won this time');
      assert.notEqual(loot, undefined);
    });
  }
});
