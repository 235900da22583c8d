import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { cgroupFile, readCgroup } from '../suite/cgroups.ts';

export const cases: readonly Case[] = [
  {
    name: 'the process is in the cgroup of the path, in every hierarchy',
    needs: ['cgroup v1'],
    probe: ['read /proc/self/cgroup'],
    expect: (seen, box) => {
      const lines = seen.of('read /proc/self/cgroup').trimEnd().split('\n');
      for (const line of lines.filter((each) => !each.startsWith('0::')))
        assert.ok(line.endsWith(`:${box.cgroup}`), line);
    },
  },
  {
    name: 'a path without a slash at its start is one of the runtime below its own cgroup or the root',
    needs: ['cgroup v1'],
    spec: (spec, box) => (spec.linux.cgroupsPath = box.cgroup.slice(1)),
    run: async (box) => {
      await box.start();
      const own = readFileSync(`/proc/${(await box.state()).pid}/cgroup`, 'utf8');
      assert.match(own, new RegExp(`:pids:.*${box.cgroup}$`, 'm'));
    },
  },
  {
    name: 'without a path the cgroup has the name of the container',
    needs: ['cgroup v1'],
    spec: (spec) => delete spec.linux.cgroupsPath,
    probe: ['read /proc/self/cgroup'],
    expect: (seen, box) => assert.match(seen.of('read /proc/self/cgroup'), new RegExp(`:pids:.*/${box.id}$`, 'm')),
  },
  {
    name: 'parents of the path are made',
    needs: ['cgroup v1'],
    spec: (spec, box) => (spec.linux.cgroupsPath = `${box.cgroup}/one/two`),
    run: async (box) => {
      await box.start();
      assert.ok(existsSync(cgroupFile(`${box.cgroup}/one/two`, 'pids', 'cgroup.procs')));
      await box.call(['delete', '--force', box.id]);
      assert.ok(!existsSync(cgroupFile(`${box.cgroup}/one/two`, 'pids', 'cgroup.procs')), 'its own folder is left');
      for (const controller of controllers(box.cgroup))
        for (const folder of ['one', '']) rmdirSync(path.join(controller, folder));
    },
  },
  {
    name: 'all processes of the container are in its cgroup',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start(['child', 'child', 'wait']);
      assert.equal(readCgroup(box.cgroup, 'pids', 'cgroup.procs').split('\n').length, 3);
    },
  },
  {
    name: 'exec is in the cgroup of the container',
    run: async (box) => {
      const first = await box.start(['read /proc/self/cgroup', 'wait']);
      const second = await box.execProbe(['read /proc/self/cgroup']);
      assert.equal(second.of('read /proc/self/cgroup'), first.of('read /proc/self/cgroup'));
    },
  },
  {
    name: 'exec --cgroup puts the process into a folder below',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start();
      for (const controller of controllers(box.cgroup)) mkdirSync(path.join(controller, 'sub'));
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        writeFileSync(cgroupFile(`${box.cgroup}/sub`, 'cpuset', file), readCgroup(box.cgroup, 'cpuset', file));
      const seen = await box.execProbe(['read /proc/self/cgroup'], '--cgroup', 'sub');
      assert.match(seen.of('read /proc/self/cgroup'), new RegExp(`:pids:${box.cgroup}/sub$`, 'm'));
    },
  },
  {
    name: 'exec --cgroup with a folder that is not there is refused',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start();
      const { code } = await box.exec(['/probe', 'ids'], { flags: ['--cgroup', 'absent'] });
      assert.notEqual(code, 0);
    },
  },
];

/** Where the cgroup is in all hierarchies. */
function controllers(cgroup: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const mounts = lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(' ')[4]!);
  return mounts.map((mount) => path.join(mount, cgroup)).filter((folder) => existsSync(folder));
}
