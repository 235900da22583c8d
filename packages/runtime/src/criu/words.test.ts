import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { StateRecord } from '../state/record.ts';
import { type DumpChoices, dumpWords } from './dump.ts';
import { criuFailed, logErrors } from './program.ts';
import { restoreWords } from './restore.ts';

const spec = {
  mounts: [
    { destination: '/proc', type: 'proc' },
    { destination: '/data/', type: 'bind', source: '/host/data' },
  ],
  linux: { namespaces: [{ type: 'mount' }], maskedPaths: ['/proc/version', '/proc/acpi-is-not-there', '/proc/sys'] },
} as unknown as RuntimeSpec;
const record = { pid: 77, rootfs: '/b/rootfs' } as StateRecord;
const words = (choices: Partial<DumpChoices>) =>
  dumpWords(record, spec, { images: '/i', work: '/w', ...choices }).join(' ');

test('a dump names the process, the folders, and what belongs to the host', () => {
  assert.equal(
    words({}),
    'dump --tree 77 --root /b/rootfs --images-dir /i --work-dir /w --log-file dump.log -v4 --manage-cgroups=soft ' +
      '--external mnt[/data]:/data --external mnt[/proc/version]:/proc/version',
  );
});

test('every choice has its word', () => {
  const all = words({
    leaveRunning: true,
    tcpEstablished: true,
    extUnixSk: true,
    shellJob: true,
    lazyPages: true,
    fileLocks: true,
    autoDedup: true,
    skipInFlight: true,
    linkRemap: true,
    manageCgroups: 'strict',
    emptyNamespaces: ['network'],
    parent: '/p',
    pageServer: '10.0.0.1:27',
    statusFd: 5,
  });
  for (const word of [
    '--leave-running --skip-in-flight --link-remap --prev-images-dir ../p --track-mem',
    '--page-server --address 10.0.0.1 --port 27 --status-fd 3',
    '--tcp-established --ext-unix-sk --shell-job --lazy-pages --file-locks --auto-dedup',
    '--manage-cgroups=strict --empty-ns net',
  ]) {
    assert.ok(all.includes(word), all);
  }
});

test('a pre-dump writes only memory and leaves the container running', () => {
  const found = words({ preDump: true, leaveRunning: true });
  assert.match(found, /^pre-dump .* --track-mem /);
  assert.doesNotMatch(found, /leave-running/);
});

test('a restore gives back the pipes that the container had', () => {
  const images = mkdtempSync(join(tmpdir(), 'berth-criu-'));
  try {
    writeFileSync(join(images, 'descriptors.json'), '["/dev/null","pipe:[5]","pipe:[6]"]');
    const place = { spec, rootfs: '/b/rootfs', pidFile: '/s/pid', program: '/usr/sbin/criu' };
    const found = restoreWords(place, { images, work: '/w' }).join(' ');
    assert.match(found, /^restore --restore-detached --pidfile \/s\/pid --root \/b\/rootfs /);
    assert.match(found, /--external mnt\[\/data\]:\/host\/data/);
    assert.match(found, /--inherit-fd fd\[1\]:pipe:\[5\] --inherit-fd fd\[2\]:pipe:\[6\]$/);
  } finally {
    rmSync(images, { recursive: true });
  }
});

test('an error shows what the log says first, and names the log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-criu-'));
  try {
    const log = join(folder, 'dump.log');
    writeFileSync(log, '(00.1) fine\n(00.2) Error (criu/x.c:1): first\n(00.3) Error (criu/y.c:2): second\n');
    assert.deepEqual(logErrors(log), ['first', 'second']);
    const error = criuFailed('dump', log, 1);
    assert.match(error.message, /criu dump failed \(1\): first; second/);
    assert.ok(error.hint?.includes(log));
    assert.deepEqual(logErrors(join(folder, 'absent')), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
