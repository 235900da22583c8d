import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PodMount } from '@berth/model/pod-config';
import { podContainerSpec } from './container-spec.ts';
import { host, mountOf, withContainer } from './input-example.ts';
import { propagationOf } from './mount-propagation.ts';

describe('mounts of a container in a pod', () => {
  let folder: string;

  before(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'berth-mounts-')));
  });
  after(() => rmSync(folder, { recursive: true }));

  const made = (...mounts: Partial<PodMount>[]) => podContainerSpec(withContainer({ mounts: mounts.map(mountOf) }));
  const at = (place: string, ...mounts: Partial<PodMount>[]) =>
    made(...mounts).spec.mounts.find(({ destination }) => destination === place);

  test('shallow destinations come first, and a mount takes the place of a default one', () => {
    const hosts = path.join(folder, 'own-hosts');
    writeFileSync(hosts, '');
    const { spec } = made(
      { containerPath: '/a/b/c', hostPath: folder },
      { containerPath: '/a/', hostPath: folder },
      { containerPath: '/etc/hosts', hostPath: hosts },
    );
    const order = spec.mounts.map(({ destination }) => destination);
    assert.ok(order.indexOf('/a') < order.indexOf('/a/b/c'));
    assert.equal(order.filter((one) => one === '/etc/hosts').length, 1);
    assert.equal(spec.mounts.find(({ destination }) => destination === '/etc/hosts')?.source, hosts);
  });

  test('a volume of the image is a folder of the container, unless something is mounted there', () => {
    const image = { Cmd: ['x'], Volumes: { '/kept/': {}, '/data': {}, '/etc/hosts': {} } };
    const input = { ...withContainer({ mounts: [mountOf({ hostPath: folder })] }), image };
    const mounts = podContainerSpec(input).spec.mounts;
    const typeAt = (place: string) => mounts.filter((one) => one.destination === place).map(({ type }) => type);
    assert.deepEqual([typeAt('/kept'), typeAt('/data'), typeAt('/etc/hosts')], [['self'], ['bind'], ['bind']]);
  });

  test('a /dev that is asked for is whole', () => {
    const { spec } = made({ containerPath: '/dev', hostPath: folder });
    const inDev = spec.mounts.filter(({ destination }) => destination.startsWith('/dev'));
    assert.deepEqual(
      inDev.map(({ destination }) => destination),
      ['/dev'],
    );
  });

  test('a missing source is made, a link is followed, and the status tells where to', () => {
    const missing = path.join(folder, 'new', 'deep');
    assert.equal(at('/data', { hostPath: missing })?.source, missing);
    assert.ok(existsSync(missing));
    symlinkSync(missing, path.join(folder, 'link'));
    assert.equal(made({ hostPath: path.join(folder, 'link') }).mounts[0]?.hostPath, missing);
  });

  test('a source that cannot be is told by its place', () => {
    writeFileSync(path.join(folder, 'file'), '');
    const cases: [Partial<PodMount>, RegExp][] = [
      [{ hostPath: path.join(folder, 'file', 'below') }, /mounts\[0\]\.host_path.*ENOTDIR/],
      [{ hostPath: 'relative' }, /mounts\[0\]\.host_path/],
      [{ hostPath: '' }, /mounts\[0\]\.host_path/],
      [{ containerPath: '' }, /mounts\[0\]\.container_path/],
      [{ containerPath: '/..' }, /mounts\[0\]\.container_path/],
      [{ recursiveReadonly: true }, /recursive_read_only: needs readonly/],
      [{ recursiveReadonly: true, readonly: true, propagation: 'bidirectional' }, /recursive_read_only/],
      [{ uidMappings: [{ hostId: 1, containerId: 0, length: 1 }] }, /gid_mappings/],
    ];
    for (const [mount, message] of cases) {
      assert.throws(() => made({ hostPath: folder, ...mount }), { kind: 'invalid_argument', message });
    }
  });

  test('read-only is of the mount alone, or of all that is below it', () => {
    assert.deepEqual(at('/data', { hostPath: folder, readonly: true })?.options, ['rbind', 'rprivate', 'ro']);
    const all = { hostPath: folder, readonly: true, recursiveReadonly: true };
    assert.deepEqual(at('/data', all)?.options, ['rbind', 'rprivate', 'rro']);
    const input = { ...withContainer({ mounts: [mountOf(all)] }), host: { ...host, recursiveReadonly: false } };
    assert.throws(() => podContainerSpec(input), { message: /recursive_read_only.*handler/ });
  });

  test('an image volume is its mounted tree, read-only, and told with its digest', () => {
    const image = { image: 'sha256:1', userSpecified: 'v:1', annotations: {}, runtimeHandler: '' };
    const mount = mountOf({ hostPath: '', readonly: true, image });
    const input = withContainer({ mounts: [mount] });
    const imageVolumes = new Map([[0, { path: folder, digest: 'sha256:1' }]]);
    const { spec, mounts } = podContainerSpec({ ...input, imageVolumes });
    assert.equal(spec.mounts.find(({ destination }) => destination === '/data')?.source, folder);
    assert.equal(mounts[0]?.imageDigest, 'sha256:1');
    const writable = withContainer({ mounts: [{ ...mount, readonly: false }] });
    assert.throws(() => podContainerSpec({ ...writable, imageVolumes }), { message: /mounts\[0\]\.readonly/ });
    const both = withContainer({ mounts: [{ ...mount, hostPath: '/x' }] });
    assert.throws(() => podContainerSpec({ ...both, imageVolumes }), { message: /mounts\[0\]\.host_path/ });
  });

  test('the pod’s files are read-only with a read-only root', () => {
    const { spec } = podContainerSpec(withContainer({}, { readonlyRootfs: true }));
    const hosts = spec.mounts.find(({ destination }) => destination === '/etc/hosts');
    assert.ok(hosts?.options?.includes('ro'));
  });

  test('what the host keeps to itself cannot be shared', () => {
    const info = (optional: string) =>
      `21 1 8:1 / / rw shared:1 - ext4 x rw\n30 21 0:9 / /vol rw ${optional}- tmpfs x rw\n`;
    const of = (propagation: PodMount['propagation'], optional: string) =>
      propagationOf(mountOf({ propagation, hostPath: '/vol/a' }), 'mounts[0]', () => info(optional));
    assert.equal(of('private', ''), 'rprivate');
    assert.equal(of('bidirectional', 'shared:7 '), 'rshared');
    assert.equal(of('host-to-container', 'shared:7 '), 'rslave');
    assert.equal(of('host-to-container', 'master:7 '), 'rslave');
    assert.throws(() => of('host-to-container', ''), { message: /mounts\[0\]\.propagation.*\/vol,/ });
    assert.throws(() => of('bidirectional', 'master:7 '), { message: /not a shared mount/ });
  });
});
