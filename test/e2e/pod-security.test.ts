import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { isKind } from '@berth/model/error';
import type { Message, MessageInitShape } from '@bufbuild/protobuf';
import {
  type LinuxContainerSecurityContextSchema,
  NamespaceMode,
  SecurityProfile_ProfileType as ProfileType,
  SupplementalGroupsPolicy,
} from '@berth/wire/gen/cri/v1/api_pb';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

type Security = Exclude<MessageInitShape<typeof LinuxContainerSecurityContextSchema>, Message>;

/** A device with a hook, which gets the container's state and finds its spec by that. */
const cdiFile = `
cdiVersion: 0.6.0
kind: test.org/thing
devices:
- name: one
  containerEdits:
    env: [THING=one]
    deviceNodes:
    - {path: /dev/thing, hostPath: /dev/zero, permissions: r}
    hooks:
    - hookName: createContainer
      path: /bin/sh
      args: [sh, -c, 'bundle=$(sed "s/.*\\"bundle\\":\\"\\([^\\"]*\\).*/\\1/") && cp $bundle/config.json $OUT/seen.json']
      env: ["PATH=/usr/bin:/bin", "OUT=OUT_FOLDER"]
`;

describe('security contexts of pods', { skip: whySkipped || whyNoRegistry }, () => {
  const cdi = mkdtempSync('/tmp/bt-cdi-');
  let place: PodPlace;
  before(async () => {
    writeFileSync(path.join(cdi, 'test.yaml'), cdiFile.replace('OUT_FOLDER', cdi));
    place = await PodPlace.open(`[cri]\ncdi_folders = ["${cdi}"]`);
  });
  afterEach(() => place.removeAll());
  after(async () => {
    await using _ = place;
    rmSync(cdi, { recursive: true });
    await place.assertNothingLeft();
  });

  /** What a script says in a container with this security context. */
  async function said(wish: Security, script: string): Promise<string> {
    const privileged = wish.privileged ?? false;
    const securityContext = { namespaceOptions: { pid: NamespaceMode.CONTAINER }, ...wish };
    const pod = await place.run({ linux: { securityContext: { privileged } } });
    const id = await place.start(pod, { linux: { securityContext } });
    const text = await place.sh(id, script);
    await place.remove(pod);
    return text;
  }

  async function refused(securityContext: Security, message: RegExp): Promise<void> {
    const pod = await place.run();
    await assert.rejects(place.create(pod, { linux: { securityContext } }), (error) => {
      assert.ok(isKind(error, 'invalid_argument'), String(error));
      assert.match(error.message, message);
      return true;
    });
    await place.remove(pod);
  }

  test('a user, its group, and groups by policy', async () => {
    const asked = { runAsUser: { value: 1000n }, runAsGroup: { value: 1000n }, supplementalGroups: [60_000n] };
    const { MERGE, STRICT } = { MERGE: SupplementalGroupsPolicy.Merge, STRICT: SupplementalGroupsPolicy.Strict };
    assert.equal(await said({ ...asked, supplementalGroupsPolicy: MERGE }, 'id -G'), '1000 1 44 60000');
    assert.equal(await said({ ...asked, supplementalGroupsPolicy: STRICT }, 'id -G'), '1000 60000');
    assert.equal(await said({ runAsUsername: 'app' }, 'id -u; echo $HOME'), '1000\n/home');
  });

  test('a group without a user, and a user that the image does not know, are refused', async () => {
    await refused({ runAsGroup: { value: 5n } }, /run_as_group/);
    await refused({ runAsUsername: 'stranger' }, /stranger/);
  });

  test('capabilities: none, some, all', async () => {
    const bounding = "sed -n 's/^CapBnd:[^0-9a-f]*0*//p' /proc/self/status";
    assert.equal(await said({ capabilities: { dropCapabilities: ['ALL'] } }, bounding), '');
    const one = { dropCapabilities: ['ALL'], addCapabilities: ['NET_BIND_SERVICE'] };
    assert.equal(await said({ capabilities: one }, bounding), '400');
  });

  test('an ambient capability reaches a program of somebody who is not root', async () => {
    const capabilities = { addAmbientCapabilities: ['NET_BIND_SERVICE'] };
    const text = await said(
      { runAsUser: { value: 1000n }, capabilities },
      "sed -n 's/^CapEff:[^0-9a-f]*0*//p' /proc/1/status /proc/self/status",
    );
    assert.equal(text, '400\n400');
  });

  test('a privileged container sees the host’s devices and writes to its cgroups; nobody else may be one', async () => {
    const script = 'touch /sys/fs/cgroup/cpu/cgroup.procs 2>/dev/null || touch /sys/fs/cgroup/cgroup.procs; ls /dev';
    const devices = (await said({ privileged: true }, script)).split('\n');
    assert.ok(devices.includes('kmsg') || devices.includes('mem') || devices.length > 20, devices.join(' '));
    await refused({ privileged: true }, /privileged/);
  });

  test('a read-only root cannot be written to', async () => {
    const pod = await place.run();
    const id = await place.start(pod, { linux: { securityContext: { readonlyRootfs: true } } });
    const { exitCode, stderr } = await place.try(id, 'touch /x');
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /Read-only/);
    assert.notEqual((await place.try(id, 'touch /etc/hosts')).exitCode, 0);
  });

  test('masked and read-only paths are as sent, and none of its own', async () => {
    const asked = { maskedPaths: ['/proc/version'], readonlyPaths: ['/proc/sys'] };
    assert.equal(await said(asked, 'wc -c </proc/version'), '0');
    assert.notEqual(await said({}, 'wc -c </proc/version'), '0');
  });

  test('no new privileges, and a filter only where one is asked for', async () => {
    const status = "sed -n 's/^NoNewPrivs:[^0-9]*//p;s/^Seccomp:[^0-9]*//p' /proc/1/status";
    assert.equal(await said({ noNewPrivs: true }, status), '1\n0');
    const runtimeDefault = { profileType: ProfileType.RuntimeDefault, localhostRef: '' };
    assert.equal(await said({ seccomp: runtimeDefault }, status), '0\n2');
  });

  test('a local seccomp profile is read from its path', async () => {
    const localhostRef = path.join(place.folder, 'profile.json');
    const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }];
    writeFileSync(localhostRef, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    const seccomp = { profileType: ProfileType.Localhost, localhostRef };
    assert.equal(
      await said({ seccomp }, 'mkdir /x 2>&1 || true'),
      "mkdir: can't create directory '/x': Operation not permitted",
    );
    await refused({ seccomp: { ...seccomp, localhostRef: 'not/absolute' } }, /localhost_ref/);
  });

  test('settings of the kernel are the pod’s own', async () => {
    const sysctls = { 'kernel.shm_rmid_forced': '1', 'net.ipv4.ip_forward': '1' };
    const pod = await place.run({ linux: { sysctls } });
    const id = await place.start(pod);
    assert.equal(await place.sh(id, 'cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_forward'), '1\n1');
    assert.equal(await place.sh(id, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'), '0');
    await assert.rejects(place.run({ linux: { sysctls: { 'vm.swappiness': '1' } } }), /vm\.swappiness/);
  });

  test('process ids: of one container, of the pod, of another container', async () => {
    const ofPod = { namespaceOptions: { pid: NamespaceMode.POD } };
    const pod = await place.run({ linux: { securityContext: ofPod } });
    const first = await place.start(pod, { linux: { securityContext: ofPod } });
    assert.match(await place.sh(first, 'cat /proc/1/cmdline'), /^\/pause/);
    const own = await place.start(pod, {
      linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } } },
    });
    assert.match(await place.sh(own, 'cat /proc/1/cmdline'), /^sleep/);
    const target = { namespaceOptions: { pid: NamespaceMode.TARGET, targetId: own } };
    const looking = await place.start(pod, { linux: { securityContext: target } });
    assert.match(await place.sh(looking, 'cat /proc/1/cmdline'), /^sleep/);
  });

  test('a CDI device: its node, its variables, and its hook, which finds the spec', async () => {
    const pod = await place.run();
    const id = await place.start(pod, { CDIDevices: [{ name: 'test.org/thing=one' }] });
    assert.equal(
      await place.sh(id, 'echo $THING; head -c 3 /dev/thing | wc -c; stat -c "%t %T" /dev/thing'),
      'one\n3\n1 5',
    );
    const seen = JSON.parse(readFileSync(path.join(cdi, 'seen.json'), 'utf8'));
    assert.equal(seen.annotations['io.kubernetes.cri.sandbox-id'], pod);
    await assert.rejects(place.create(pod, { CDIDevices: [{ name: 'test.org/thing=two' }] }), /cdi_devices\[0\].*two/);
  });
});
