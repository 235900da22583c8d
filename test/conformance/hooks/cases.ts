import { strict as assert } from 'node:assert';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Box, expectOk, until } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { bind, type Spec } from '../suite/spec.ts';

type Kind = keyof NonNullable<Spec['hooks']>;

/** Adds a hook that is a shell script of the host; the log folder is bound into the container for startContainer. */
function hook(box: Box, kind: Kind, script: string, more: { timeout?: number; env?: string[] } = {}): void {
  const inside = kind === 'startContainer';
  const shell = inside ? '/bin/sh' : '/bin/busybox';
  const args = inside ? ['sh', '-c', script] : ['sh', '-c', script];
  box.spec.hooks = { ...box.spec.hooks, [kind]: [...(box.spec.hooks?.[kind] ?? []), { path: shell, args, ...more }] };
}

const log = (box: Box) => path.join(box.folder, 'log');
const read = (box: Box) => (existsSync(log(box)) ? readFileSync(log(box), 'utf8') : '');

const hostKinds = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'] as const;

const stateGiven = hostKinds.map((kind): Case => ({
  name: `${kind} gets the state on its standard input`,
  run: async (box) => {
    box.spec.annotations = { 'org.example.key': 'value' };
    hook(box, kind, `cat > ${log(box)}`);
    await box.probe(['ids']);
    await until(() => read(box) !== '', 'the hook has written');
    const state = JSON.parse(read(box)) as Record<string, unknown>;
    assert.equal(state['id'], box.id);
    assert.equal(state['bundle'], box.bundle);
    assert.deepEqual(state['annotations'], { 'org.example.key': 'value' });
    assert.match(String(state['ociVersion']), /^1\./);
    const status = {
      prestart: /creat/,
      createRuntime: /creat/,
      createContainer: /creat/,
      poststart: /created|running|stopped/,
      poststop: /stopped/,
    };
    assert.match(String(state['status']), status[kind]);
    // Required as long as there is a process.
    if (kind !== 'poststop') assert.equal(typeof state['pid'], 'number');
  },
}));

const failing = (['prestart', 'createRuntime', 'createContainer', 'startContainer'] as const).map((kind): Case => ({
  name: `a ${kind} that fails stops everything, and tells its output`,
  run: async (box) => {
    hook(box, kind, 'echo the-reason >&2; exit 3');
    box.spec.process.args = ['sh', '-c', 'echo ran'];
    const { code, stdout, stderr } = await box.run();
    assert.notEqual(code, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /the-reason|exit status 3/);
    assert.notEqual((await box.call(['state', box.id])).code, 0, 'the container is left');
  },
}));

export const cases: readonly Case[] = [
  ...stateGiven,
  ...failing,
  {
    name: 'all kinds run in the order of the specification',
    runcDeviates: 'it runs poststart at the end of create, not after the program was started',
    run: async (box) => {
      writeFileSync(log(box), '');
      chmodSync(log(box), 0o666);
      box.spec.mounts.push(bind(log(box), '/log'));
      for (const kind of hostKinds) hook(box, kind, `echo ${kind} >> ${log(box)}`);
      hook(box, 'startContainer', 'echo startContainer >> /log');
      // poststart runs beside the process: runc had it before for long.
      box.spec.process.args = [
        'sh',
        '-c',
        'i=0; while [ $i -lt 3000 ] && ! grep -q poststart /log; do sleep 0.02; i=$((i+1)); done; echo process >> /log',
      ];
      expectOk(await box.run());
      await until(() => read(box).includes('poststop'), 'poststop has run');
      assert.deepEqual(read(box).trim().split('\n'), [
        'prestart',
        'createRuntime',
        'createContainer',
        'startContainer',
        'poststart',
        'process',
        'poststop',
      ]);
    },
  },
  {
    name: 'create runs the hooks of creation, start those of the start',
    runcDeviates: 'it runs poststart at the end of create, not after the program was started',
    run: async (box) => {
      for (const kind of hostKinds) hook(box, kind, `echo ${kind} >> ${log(box)}`);
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.create());
      assert.equal(read(box), 'prestart\ncreateRuntime\ncreateContainer\n');
      expectOk(await box.call(['start', box.id]));
      await until(() => read(box).endsWith('poststart\n'), 'poststart has run');
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.ok(read(box).endsWith('poststart\npoststop\n'));
    },
  },
  {
    name: 'hooks of one kind run in their order',
    run: async (box) => {
      for (const name of ['one', 'two', 'three']) hook(box, 'createRuntime', `echo ${name} >> ${log(box)}`);
      await box.probe(['ids']);
      assert.equal(read(box), 'one\ntwo\nthree\n');
    },
  },
  {
    name: 'createRuntime is in the namespaces of the runtime',
    run: async (box) => {
      hook(box, 'createRuntime', `(readlink /proc/self/ns/mnt; readlink /proc/self/ns/uts) > ${log(box)}`);
      await box.probe(['ids']);
      const own = await box.call(['--version'], {
        prefix: ['sh', '-c', 'readlink /proc/self/ns/mnt; readlink /proc/self/ns/uts', 'x'],
      });
      assert.equal(read(box), own.stdout);
    },
  },
  {
    name: 'createContainer is in the namespaces of the container, before its root',
    run: async (box) => {
      hook(box, 'createContainer', `readlink /proc/self/ns/uts > ${log(box)}; ls ${box.bundle} >> ${log(box)}`);
      const seen = await box.probe(['links /proc/self/ns']);
      const uts = seen.of<Record<string, string>>('links /proc/self/ns')['uts'];
      assert.equal(read(box), `${uts}\nconfig.json\nrootfs\n`);
    },
  },
  {
    name: 'startContainer is in the root of the container',
    run: async (box) => {
      hook(box, 'startContainer', 'cat /work/file > /work/copy; hostname > /work/name 2>/dev/null; cat > /work/state');
      const seen = await box.probe(['read /work/copy', 'read /work/state']);
      assert.equal(seen.of('read /work/copy'), 'of the image\n');
      assert.equal((JSON.parse(seen.of('read /work/state')) as { id: string }).id, box.id);
    },
  },
  {
    name: 'the state of createRuntime has the pid of the process on the host',
    run: async (box) => {
      hook(box, 'createRuntime', `cat > ${log(box)}`);
      await box.start();
      const state = JSON.parse(read(box)) as { pid: number };
      assert.equal(state.pid, (await box.state()).pid);
    },
  },
  {
    name: 'a hook has the environment of its list and nothing else',
    run: async (box) => {
      hook(box, 'createRuntime', `env > ${log(box)}`, { env: ['ONLY=this'] });
      await box.probe(['ids']);
      const names = read(box)
        .trim()
        .split('\n')
        .filter((line) => !/^(PWD|SHLVL|_|OLDPWD|PATH)=/.test(line));
      assert.deepEqual(names, ['ONLY=this']);
    },
  },
  {
    name: 'a hook that takes too long is ended',
    run: async (box) => {
      hook(box, 'createRuntime', 'exec sleep 300', { timeout: 1 });
      const began = performance.now();
      const { code } = await box.run();
      assert.notEqual(code, 0);
      assert.ok(performance.now() - began < 120_000, 'it was waited for');
    },
  },
  {
    name: 'a poststop that fails is no failure of delete',
    since: '1.5',
    runcDeviates: 'delete fails; the specification wants a warning only',
    run: async (box) => {
      hook(box, 'poststop', `echo ran >> ${log(box)}; exit 1`);
      hook(box, 'poststop', `echo second >> ${log(box)}`);
      await box.start();
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.notEqual((await box.call(['state', box.id])).code, 0);
      assert.match(read(box), /ran/);
    },
  },
  {
    name: 'a hook whose program is missing is a failure',
    run: async (box) => {
      box.spec.hooks = { createRuntime: [{ path: '/absent/hook' }] };
      const { code, stderr } = await box.run();
      assert.notEqual(code, 0);
      assert.match(stderr, /absent\/hook|createRuntime/);
    },
  },
];
