import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folders = ['/opt/cni/bin', '/usr/lib/cni'];
const wanted = ['bridge', 'host-local', 'portmap', 'loopback'];

/** Where the CNI plugins are; undefined when they are not all there. */
export function pluginFolder(): string | undefined {
  return folders.find((folder) => wanted.every((name) => existsSync(path.join(folder, name))));
}

/**
 * A configuration of the bridge and portmap plugins, with all that they keep below `home`.
 * @param subnet its first two numbers, so that two networks do not meet @returns its folder
 */
export function writeNetwork(home: string, subnet = '10.87'): string {
  const folder = path.join(home, 'net.d');
  mkdirSync(folder, { recursive: true });
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: `${subnet}.0.0/16` }]],
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: path.join(home, 'ipam'),
  };
  const bridge = { type: 'bridge', bridge: 'cri-test0', isGateway: true, ipMasq: true, hairpinMode: true, ipam };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  const list = { cniVersion: '1.0.0', name: 'cri-test', plugins: [bridge, portmap] };
  writeFileSync(path.join(folder, '10-test.conflist'), JSON.stringify(list));
  return folder;
}
