import { readFileSync } from 'node:fs';
import type { HookKind } from '@berth/model/runtime-spec';
import { isDevice, isKindName } from './device-name.ts';
import { parseYaml } from './yaml.ts';

/** A CDI file: container-device-interface SPEC.md, versions 0.3.0 to 1.1.0. Names are the wire's own. */
export interface CdiFile {
  /** `vendor.com/class`. */
  readonly kind: string;
  readonly devices: readonly CdiDevice[];
  /** For whoever gets any device of the file. */
  readonly containerEdits: CdiEdits;
}

export interface CdiDevice {
  readonly name: string;
  readonly containerEdits: CdiEdits;
}

export interface CdiEdits {
  readonly env?: readonly string[];
  readonly deviceNodes?: readonly CdiDeviceNode[];
  readonly mounts?: readonly CdiMount[];
  readonly hooks?: readonly CdiHook[];
  readonly additionalGids?: readonly number[];
  readonly intelRdt?: { readonly closID?: string; readonly l3CacheSchema?: string; readonly memBwSchema?: string };
  readonly netDevices?: readonly { readonly hostInterfaceName: string; readonly name: string }[];
}

export interface CdiDeviceNode {
  readonly path: string;
  /** Where the host has it; absent: at `path`. */
  readonly hostPath?: string;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly permissions?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface CdiMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly options?: readonly string[];
  readonly type?: string;
}

export interface CdiHook {
  readonly hookName: HookKind;
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
}

const hookNames = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];

/** @throws Error in words for what is no CDI file that we can read */
export function readCdiFile(file: string): CdiFile {
  const text = readFileSync(file, 'utf8');
  const value = object(file.endsWith('.json') ? JSON.parse(text) : parseYaml(text), 'the file');
  const version = /^(\d+)\.(\d+)\.\d+$/.exec(String(value['cdiVersion']));
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  const known = (major === 0 && minor >= 3) || major === 1;
  if (!known) throw new Error(`cdiVersion is ${String(value['cdiVersion'])}: 0.3.0 to 1.1.0 are understood`);
  const kind = String(value['kind']);
  if (!isKindName(kind)) throw new Error(`kind is no vendor.com/class: ${kind}`);
  return {
    kind,
    containerEdits: edits(value['containerEdits'], 'containerEdits'),
    devices: list(value['devices'], 'devices').map((one, index) => {
      const device = object(one, `devices[${index}]`);
      const name = String(device['name']);
      if (!isDevice(name)) throw new Error(`devices[${index}].name is no name: ${name}`);
      return { name, containerEdits: edits(device['containerEdits'], `devices[${index}].containerEdits`) };
    }),
  };
}

/** Checked for what we use; what other versions have besides is left alone. */
function edits(value: unknown, where: string): CdiEdits {
  const found = object(value ?? {}, where);
  for (const [index, one] of list(found['env'], `${where}.env`).entries()) {
    if (typeof one !== 'string' || !one.includes('=')) throw new Error(`${where}.env[${index}] is no NAME=VALUE`);
  }
  paths(found, where, { deviceNodes: ['path'], mounts: ['hostPath', 'containerPath'], hooks: ['path'] });
  for (const [index, hook] of list(found['hooks'], `${where}.hooks`).entries()) {
    const name = String(object(hook, where)['hookName']);
    if (!hookNames.includes(name)) throw new Error(`${where}.hooks[${index}].hookName is unknown: ${name}`);
  }
  return found;
}

function paths(value: Record<string, unknown>, where: string, wanted: Readonly<Record<string, readonly string[]>>) {
  for (const [name, members] of Object.entries(wanted)) {
    for (const [index, one] of list(value[name], `${where}.${name}`).entries()) {
      for (const member of members) {
        const text = object(one, `${where}.${name}[${index}]`)[member];
        if (typeof text === 'string' && text !== '') continue;
        throw new Error(`${where}.${name}[${index}].${member} is missing`);
      }
    }
  }
}

function object(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${where} is no map`);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`${where} is no list`);
}
