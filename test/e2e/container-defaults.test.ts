import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { runCommand } from '../harness/command.ts';
import { whySkipped } from '../harness/engine.ts';
import { containerEngine } from './container-engine.ts';

const sections: Readonly<Record<string, string>> = {
  capabilities: 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups)" /proc/self/status',
  mounts: String.raw`while read -r _ _ _ root point options rest; do echo "$point $options ${'$'}{rest#* - }"; done < /proc/self/mountinfo`,
  devices: 'for f in $(find /dev ! -type d | sort); do stat -c "%n %F %a %u:%g %t,%T" $f; readlink $f; done',
  limits: 'ulimit -a',
  sysctls: 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range',
  masked:
    'for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/acpi /sys/firmware; do [ -e $f ] && echo "$f $(stat -c "%F %t,%T" $f) $(ls $f 2>/dev/null | wc -l) $(head -c 10 $f 2>/dev/null | wc -c)"; done',
  readonly:
    'for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity; do (echo x > $f) 2>&1 | sed "s/.*: //"; done',
  process: 'echo $$; pwd; umask; cat /proc/self/oom_score_adj; cut -d" " -f6 /proc/self/stat; echo "$PATH"',
  network: 'ls /sys/class/net; ip -o addr show lo | sed "s/  */ /g"',
};

const script = Object.entries(sections)
  .map(([name, command]) => `echo "== ${name}"; ${command}`)
  .join('\n');

function parseSections(text: string): Record<string, string> {
  const parts = text.split(/^== (\w+)\n/m).slice(1);
  return Object.fromEntries(parts.flatMap((part, n) => (n % 2 === 0 ? [[part, parts[n + 1]?.trimEnd() ?? '']] : [])));
}

describe('defaults of a container', { skip: whySkipped }, () => {
  const box = containerEngine();

  test('capabilities, filter and groups are docker’s', async () => {
    const { capabilities } = parseSections(await box.print(script));
    assert.deepEqual(
      capabilities?.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2)),
      [
        ['Groups:'],
        ['CapInh:', '0000000000000000'],
        ['CapPrm:', '00000000a80425fb'],
        ['CapEff:', '00000000a80425fb'],
        ['CapBnd:', '00000000a80425fb'],
        ['CapAmb:', '0000000000000000'],
        ['NoNewPrivs:', '0'],
        ['Seccomp:', '2'],
      ],
    );
  });

  test('every namespace of docker’s is the container’s own, but that of users', async () => {
    const { readlinkSync } = await import('node:fs');
    const kinds = ['mnt', 'net', 'uts', 'pid', 'ipc', 'cgroup', 'user'];
    const links = (await box.print(`for n in ${kinds.join(' ')}; do readlink /proc/self/ns/$n; done`)).split('\n');
    const shared = kinds.filter((kind, n) => links[n] === readlinkSync(`/proc/self/ns/${kind}`));
    assert.deepEqual(shared, ['user']);
  });

  test('/dev holds docker’s devices and links, and no other', async () => {
    const { devices = '' } = parseSections(await box.print(script));
    const names = devices.split('\n').flatMap((line) => /^(\/dev\/\S+) /.exec(line)?.[1] ?? []);
    const expected = [
      'full',
      'null',
      'random',
      'tty',
      'urandom',
      'zero',
      'fd',
      'stdin',
      'stdout',
      'stderr',
      'ptmx',
      'core',
    ];
    assert.deepEqual(
      names.filter((name) => !name.startsWith('/dev/pts/')),
      expected.map((name) => `/dev/${name}`).toSorted(),
    );
  });

  const runc = ['/usr/sbin/runc', '/usr/bin/runc'].find((file) => existsSync(file));
  const absent = runc === undefined ? 'needs runc, the peer to compare with' : false;

  test('a container of the same configuration looks the same inside as one of runc', { skip: absent }, async () => {
    const flags = ['--name', 'compared', '--memory', '64m', '--pids-limit', '100', '-h', 'same', '-u', 'app'];
    const own = await box.expect(['run', ...flags, '-w', '/tmp', 'busybox', 'sh', '-c', script]);
    const { spec, id } = await box.inspect('compared');
    const theirs = await runWithRunc(spec as RuntimeSpec, `peer-${id.slice(0, 12)}`);
    const [mine, peer] = [parseSections(own), parseSections(theirs)];
    for (const name of Object.keys(sections)) {
      assert.deepEqual(comparable(name, mine[name]), comparable(name, peer[name]), name);
    }
  });

  /** Runs the very spec with the peer, on an unpacked busybox. */
  async function runWithRunc(spec: RuntimeSpec, id: string): Promise<string> {
    const bundle = path.join(box.folder, id);
    const root = path.join(bundle, 'rootfs');
    mkdirSync(root, { recursive: true });
    const { busybox } = await import('../harness/images.ts');
    const { tar } = await import('../harness/tar.ts');
    const unpacked = spawnSync('tar', ['-x', '-C', root], { input: tar(busybox()) });
    assert.equal(unpacked.status, 0, String(unpacked.stderr));
    const linux = { ...spec.linux, cgroupsPath: `${box.engine.cgroupParent}/${id}` };
    // This version of runc is older than time namespaces.
    linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'time');
    writeFileSync(path.join(bundle, 'config.json'), JSON.stringify({ ...spec, linux, root: { path: root } }));
    const ran = await runCommand([runc!, '--root', path.join(bundle, 'state'), 'run', '--bundle', bundle, id]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  }

  /**
   * Without what differs by nature. Of a mount: its point, its own options and its type, not those of its file system,
   * where read-only is said twice by runc. It leaves the folder of the cgroup hierarchies itself writable; Berth does not.
   */
  function comparable(name: string, text = ''): string[] {
    const lines = text.split('\n');
    // The peer makes this link only where the kernel has the file.
    if (name === 'devices') return lines.filter((line) => !/^(\/dev\/core|\/proc\/kcore)/.test(line));
    if (name !== 'mounts') return lines;
    const mounts = lines.map((line) => line.split(' '));
    return mounts
      .filter(([point]) => point !== '/' && point !== '/sys/fs/cgroup')
      .map(([point, options, , type]) => `${point} ${options} ${type}`)
      .toSorted();
  }
});
