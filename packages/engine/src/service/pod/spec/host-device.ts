import { readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import type { PodDevice } from '@berth/model/pod-config';
import type { DeviceRule, DeviceSpec } from '@berth/model/runtime-spec';
import { deviceNode, hostDevices } from '../../container/host-devices.ts';
import { badField } from './field-error.ts';

/** A device of the host in a container: its node, where it comes from, and what may be done with it. */
export interface ContainerDevice {
  readonly node: DeviceSpec;
  readonly hostPath: string;
  readonly rule: DeviceRule;
}

/**
 * The devices that a container asks for. A folder of the host stands for every device in it; links are followed.
 * @throws invalid_argument naming the device
 */
export function containerDevices(devices: readonly PodDevice[]): ContainerDevice[] {
  return devices.flatMap((device, index) => oneDevice(device, `devices[${index}]`));
}

/** All of the host's, for privileged containers. */
export function everyDevice(): DeviceSpec[] {
  return hostDevices();
}

function oneDevice({ containerPath, hostPath, permissions }: PodDevice, field: string): ContainerDevice[] {
  const access = permissions || 'rwm';
  if (!/^[rwm]{1,3}$/.test(access)) throw badField(`${field}.permissions`, `not letters of rwm: '${permissions}'`);
  if (!path.isAbsolute(hostPath)) throw badField(`${field}.host_path`, `not an absolute path: '${hostPath}'`);
  const target = containerPath || hostPath;
  if (!path.isAbsolute(target)) throw badField(`${field}.container_path`, `not an absolute path: '${target}'`);
  const found = devicesAt(hostPath, path.normalize(target), field);
  return found.map(({ node, source }) => ({ node, hostPath: source, rule: deviceRule(node, access) }));
}

/** The rule that lets a container use a device. */
export function deviceRule({ type, major = -1, minor = -1 }: DeviceSpec, access: string): DeviceRule {
  return { allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access };
}

interface Found {
  readonly node: DeviceSpec;
  readonly source: string;
}

function devicesAt(hostPath: string, target: string, field: string): Found[] {
  try {
    const source = realpathSync(hostPath);
    if (!statSync(source).isDirectory()) return [{ node: nodeAt(source, target), source }];
    return readdirSync(source, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
      const file = path.join(source, name);
      const node = deviceNode(file);
      return node === undefined ? [] : [{ node: { ...node, path: path.join(target, name) }, source: file }];
    });
  } catch (cause) {
    if (cause instanceof BerthError) throw cause;
    const reason = errnoName(cause) === 'ENOENT' ? 'there is no such device' : `cannot be used: ${errnoName(cause)}`;
    throw badField(`${field}.host_path`, `${hostPath}: ${reason}`);
  }
}

function nodeAt(source: string, target: string): DeviceSpec {
  const node = deviceNode(source);
  if (node === undefined) throw badField('devices', `${source} is not a device`);
  return { ...node, path: target };
}
