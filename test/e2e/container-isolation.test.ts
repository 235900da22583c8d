import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import os from 'node:os';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

const bit = { chown: 0n, net_bind: 10n, net_admin: 12n, sys_admin: 21n, sys_time: 25n, mknod: 27n } as const;

describe('isolation of a container', { skip: whySkipped }, () => {
  const box = containerEngine();

  async function capabilities(flags: readonly string[]): Promise<bigint> {
    return BigInt(`0x${await box.print('grep CapEff /proc/self/status | cut -f2', flags)}`);
  }

  const has = (set: bigint, one: keyof typeof bit) => ((set >> bit[one]) & 1n) === 1n;

  test('--hostname is the name, its file and its variable; by default the short id', async () => {
    const script = 'hostname; cat /etc/hostname; echo $HOSTNAME';
    assert.equal(await box.print(script, ['--hostname', 'boat']), 'boat\nboat\nboat');
    await box.expect(['run', '--name', 'plain', 'busybox', 'hostname']);
    assert.equal(await box.expect(['logs', 'plain']), (await box.inspect('plain')).id.slice(0, 12));
    assertFailed(await box.sh('', ['--hostname', 'bad name']), 125, /invalid hostname 'bad name'/);
    assertFailed(await box.sh('', ['--hostname', 'x'.repeat(65)]), 125, /invalid hostname/);
  });

  test('--cap-add and --cap-drop change docker’s set', async () => {
    const added = await capabilities(['--cap-add', 'NET_ADMIN', '--cap-add', 'cap_sys_time', '--cap-drop', 'MKNOD']);
    assert.deepEqual(
      [has(added, 'net_admin'), has(added, 'sys_time'), has(added, 'mknod'), has(added, 'chown')],
      [true, true, false, true],
    );
    assert.equal(await capabilities(['--cap-drop', 'ALL']), 0n);
    assert.equal(await capabilities(['--cap-drop', 'ALL', '--cap-add', 'CHOWN']), 1n);
    const all = await capabilities(['--cap-add', 'ALL']);
    assert.ok(has(all, 'sys_admin'));
    assertFailed(await box.sh('', ['--cap-add', 'FLY']), 125, /FLY/);
    assertFailed(await box.sh('', ['--cap-drop', 'FLY']), 125, /FLY/);
  });

  test('a user that is not root has no capabilities, but may have them by a program’s file', async () => {
    const script = 'grep -E "Cap(Inh|Prm|Eff|Amb)" /proc/self/status | cut -f2 | sort -u';
    assert.equal(await box.print(script, ['-u', 'app']), '0000000000000000');
    assert.equal(await box.print('grep CapBnd /proc/self/status | cut -f2', ['-u', 'app']), '00000000a80425fb');
  });

  test('--privileged has all capabilities, the host’s devices, and no filter or masks', async () => {
    const script =
      'grep -E "CapEff|Seccomp:" /proc/self/status | cut -f2; ls /dev | wc -l; head -c1 /proc/kcore | wc -c; echo 0 > /proc/sys/kernel/randomize_va_space 2>/dev/null; grep -c " /sys .*ro[ ,]" /proc/mounts';
    const [caps, seccomp, devices] = (
      await box.sh(script.replace(/echo 0 >[^;]*;/, ''), ['--privileged'])
    ).stdout.split('\n');
    assert.ok(has(BigInt(`0x${caps}`), 'sys_admin'));
    assert.equal(seccomp, '0');
    assert.ok(Number(devices) > 20, `${devices} devices`);
    assert.equal(
      await box.print('grep -c " /proc/.* proc\\| /proc/.* tmpfs" /proc/mounts || true', ['--privileged']),
      '0',
    );
  });

  test('the seccomp filter is on, refuses namespaces of one’s own, and can be taken away', async () => {
    assert.equal(await box.print('grep Seccomp: /proc/self/status | cut -f2'), '2');
    assert.notEqual((await box.sh('/bin/busybox unshare -U true')).code, 0);
    const flags = ['--security-opt', 'seccomp=unconfined'];
    assert.equal(
      await box.print('grep Seccomp: /proc/self/status | cut -f2; /bin/busybox unshare -U true', flags),
      '0',
    );
  });

  test('a seccomp profile of one’s own is obeyed', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 122 }],
    };
    const file = box.file('profile.json', JSON.stringify(profile));
    const { code, stderr } = await box.sh('mkdir /x', ['--security-opt', `seccomp=${file}`]);
    assert.notEqual(code, 0);
    assert.match(stderr, /quota exceeded/i);
  });

  test('a bad profile is refused before anything is made', async () => {
    const security = (file: string) => box.sh('', ['--security-opt', `seccomp=${file}`]);
    assertFailed(await security('/absent.json'), 125, /cannot read the seccomp profile \/absent.json/);
    assertFailed(await security(box.file('text.json', 'not json')), 125, /text.json is not JSON/);
    assertFailed(await security(box.file('empty.json', '{}')), 125, /defaultAction/);
    assertFailed(await security(box.file('action.json', '{"defaultAction":"SCMP_ACT_DANCE"}')), 125, /SCMP_ACT_DANCE/);
    assertFailed(await box.sh('', ['--security-opt', 'bogus']), 125, /invalid --security-opt: bogus/);
  });

  test('no-new-privileges is set when asked, and not otherwise', async () => {
    const script = 'grep NoNewPrivs /proc/self/status | cut -f2';
    assert.equal(await box.print(script), '0');
    assert.equal(await box.print(script, ['--security-opt', 'no-new-privileges']), '1');
    assert.equal(await box.print(script, ['--security-opt', 'no-new-privileges:true', '-u', 'app']), '1');
  });

  test('--network none has a loopback that is up, host has the host’s interfaces', async () => {
    const script =
      'ls /sys/class/net; ip addr show lo | grep -c "UP.*LOWER_UP"; ping -c1 -w1 127.0.0.1 >/dev/null; readlink /proc/self/ns/net';
    for (const flags of [[], ['--network', 'none']]) {
      const [net, up, namespace] = (await box.print(script.replace(/ping[^;]*;/, ''), flags)).split('\n');
      assert.deepEqual([net, up], ['lo', '1']);
      assert.notEqual(namespace, readlinkSync('/proc/self/ns/net'));
    }
    const lines = (await box.print(script.replace(/ping[^;]*;/, ''), ['--network', 'host'])).split('\n');
    assert.equal(lines.at(-1), readlinkSync('/proc/self/ns/net'));
    const ran = await box.sh('', ['--network', 'nowhere']);
    assertFailed(ran, 125, /unknown network 'nowhere'/);
  });

  test('--pid, --ipc and --uts host share the host’s, and by default do not', async () => {
    for (const kind of ['pid', 'ipc', 'uts']) {
      const own = readlinkSync(`/proc/self/ns/${kind}`);
      const script = `readlink /proc/self/ns/${kind}`;
      assert.equal(await box.print(script, [`--${kind}`, 'host']), own);
      assert.notEqual(await box.print(script), own);
      assertFailed(await box.sh('', [`--${kind}`, 'moon']), 125, /moon/);
    }
    assert.equal(await box.print('hostname', ['--uts', 'host']), os.hostname());
    assert.equal(await box.print('echo $$'), '1');
  });

  test('with the host’s processes in sight, all of the container’s own end with it', async () => {
    const script = 'sleep 1000 & sleep 1001 & echo ready; exec sleep 1002';
    await box.expect(['run', '-d', '--name', 'shared', '--pid', 'host', 'busybox', 'sh', '-c', script]);
    await box.logged('shared', 'ready');
    await box.expect(['stop', '-t', '0', 'shared']);
    await box.expect(['rm', 'shared']);
  });

  test('--sysctl is set in the container’s own namespaces only', async () => {
    const flags = ['--sysctl', 'net.ipv4.ip_forward=0', '--sysctl', 'kernel.shm_rmid_forced=1'];
    const script = 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced';
    assert.equal(await box.print(script, flags), '0\n1');
    assertFailed(await box.sh('', ['--sysctl', 'kernel.pid_max=99']), 125, /kernel.pid_max/);
    assertFailed(await box.sh('', ['--sysctl', 'net.ipv4.no_such=1']), 125, /net.ipv4.no_such/);
    assertFailed(
      await box.sh('', ['--sysctl', 'net.ipv4.ip_forward=1', '--network', 'host']),
      125,
      /net.ipv4.ip_forward/,
    );
    assertFailed(await box.sh('', ['--sysctl', 'nothing']), 125, /nothing/);
  });

  test('no descriptor of the engine reaches the program', async () => {
    assert.equal(await box.print('ls /proc/self/fd | tr "\\n" " "'), '0 1 2 3 ');
    const exec = ['exec', 'open', 'ls', '/proc/self/fd'];
    await box.expect(['run', '-d', '--name', 'open', 'busybox', 'sleep', '1000']);
    assert.equal(await box.expect(exec), '0\n1\n2\n3');
  });
});
