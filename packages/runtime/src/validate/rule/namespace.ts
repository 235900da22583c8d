import { posix } from 'node:path';
import type { NamespaceSpec, NamespaceType, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

/** Whether the container has such a namespace that is not its caller's: new, or joined by path. */
export function owns(spec: RuntimeSpec, type: NamespaceType): boolean {
  return namespaceOf(spec, type) !== undefined;
}

export function namespaceOf(spec: RuntimeSpec, type: NamespaceType): NamespaceSpec | undefined {
  return spec.linux.namespaces.find((namespace) => namespace.type === type);
}

const nanosecondsInSecond = 1_000_000_000;

/** What is done to the mount table: without a namespace of its own, to the host's. */
function* mountWork({ mounts, linux }: RuntimeSpec): Generator<[path: string, what: string]> {
  if (linux.maskedPaths?.length) yield ['linux.maskedPaths', 'masking'];
  if (linux.readonlyPaths?.length) yield ['linux.readonlyPaths', 'making read-only'];
  if (mounts.length > 0) yield ['mounts', 'mounting'];
}

export const namespaceRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.namespace_duplicate',
    meaning: 'a namespace type is given twice',
    remedy: 'keep one entry of each type',
    *find({ linux: { namespaces } }) {
      for (const [index, { type }] of namespaces.entries()) {
        const first = namespaces.findIndex((other) => other.type === type);
        if (first < index) yield at(`linux.namespaces[${index}].type`, `${type} is already in namespaces[${first}]`);
      }
    },
  },
  {
    code: 'spec.namespace_path_relative',
    meaning: 'the path of a namespace to join is not absolute',
    remedy: 'give the whole path, such as /proc/1234/ns/net',
    *find({ linux: { namespaces } }) {
      for (const [index, { path }] of namespaces.entries()) {
        if (path && !posix.isAbsolute(path)) yield at(`linux.namespaces[${index}].path`, `not absolute: '${path}'`);
      }
    },
  },
  {
    code: 'spec.paths_without_mount_namespace',
    meaning: 'mounts, masked or read-only paths are given, but the container has the mount namespace of the host',
    remedy: 'add {"type": "mount"} to linux.namespaces',
    *find(spec) {
      if (owns(spec, 'mount')) return;
      for (const [path, what] of mountWork(spec))
        yield at(path, `${what} needs a mount namespace, or it is done to the host`);
    },
  },
  {
    code: 'spec.mount_namespace_missing',
    meaning: 'the container has the mount namespace of the host, in which its root would be mounted',
    remedy: 'add {"type": "mount"} to linux.namespaces',
    *find(spec) {
      const alreadyFound = !mountWork(spec).next().done;
      if (!owns(spec, 'mount') && !alreadyFound) yield at('linux.namespaces', 'a mount namespace is needed');
    },
  },
  {
    code: 'spec.time_offsets_without_time',
    meaning: '`linux.timeOffsets` is given without a time namespace',
    remedy: 'add {"type": "time"} to linux.namespaces, or remove timeOffsets',
    *find(spec) {
      if (spec.linux.timeOffsets && !owns(spec, 'time')) yield at('linux.timeOffsets', 'needs a time namespace');
    },
  },
  {
    code: 'spec.time_offsets_of_joined',
    meaning: '`linux.timeOffsets` is given for a time namespace that is joined by path',
    remedy: 'remove either the path or timeOffsets: a namespace with processes in it cannot be changed',
    *find(spec) {
      const { timeOffsets } = spec.linux;
      if (timeOffsets && namespaceOf(spec, 'time')?.path) {
        yield at('linux.timeOffsets', 'the time namespace is joined, its offsets are fixed');
      }
    },
  },
  {
    code: 'spec.time_offset_nanoseconds',
    meaning: 'the nanoseconds of a time offset are a second or more',
    remedy: 'carry whole seconds over to secs',
    *find({ linux: { timeOffsets = {} } }) {
      for (const clock of ['monotonic', 'boottime'] as const) {
        const nanosecs = timeOffsets[clock]?.nanosecs ?? 0;
        if (nanosecs >= nanosecondsInSecond) {
          yield at(`linux.timeOffsets.${clock}.nanosecs`, `${nanosecs} is not below a second`);
        }
      }
    },
  },
];
