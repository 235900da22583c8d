import type { IdMapping, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Found } from '../finding.ts';
import { namespaceOf, owns } from './namespace.ts';
import type { Rule } from './rule.ts';

/** UID_GID_MAP_MAX_EXTENTS, user_namespaces(7). */
const mostLines = 340;
/** 2^32-1 is no id, but "leave as it is". */
const idEnd = 0xffff_ffff;

interface Mappings {
  readonly path: string;
  readonly list: readonly IdMapping[];
}

/** Every list of mappings of a spec: the container's own, and those of idmapped mounts. */
function* mappingsOf({ linux, mounts }: RuntimeSpec): Generator<Mappings> {
  const places = [{ path: 'linux', of: linux }, ...mounts.map((of, index) => ({ path: `mounts[${index}]`, of }))];
  for (const { path, of } of places) {
    for (const name of ['uidMappings', 'gidMappings'] as const) {
      yield { path: `${path}.${name}`, list: of[name] ?? [] };
    }
  }
}

function* eachMapping(
  spec: RuntimeSpec,
): Generator<{ path: string; mapping: IdMapping; before: readonly IdMapping[] }> {
  for (const { path, list } of mappingsOf(spec)) {
    for (const [index, mapping] of list.entries()) {
      yield { path: `${path}[${index}]`, mapping, before: list.slice(0, index) };
    }
  }
}

function overlap(side: 'containerID' | 'hostID'): (spec: RuntimeSpec) => Generator<Found> {
  return function* find(spec) {
    for (const { path, mapping, before } of eachMapping(spec)) {
      const other = before.findIndex(
        (one) => one[side] < mapping[side] + mapping.size && mapping[side] < one[side] + one.size,
      );
      if (other >= 0) yield at(`${path}.${side}`, `the range overlaps that of item ${other}`);
    }
  };
}

export const userNamespaceRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.user_namespace_without_mappings',
    meaning: 'a new user namespace has no `linux.uidMappings` or no `linux.gidMappings`',
    remedy: 'give both lists, or the path of a user namespace to join',
    *find(spec) {
      const namespace = namespaceOf(spec, 'user');
      if (namespace === undefined || namespace.path) return;
      for (const name of ['uidMappings', 'gidMappings'] as const) {
        if (!spec.linux[name]?.length) yield at(`linux.${name}`, 'a new user namespace needs mappings');
      }
    },
  },
  {
    code: 'spec.mappings_without_user_namespace',
    meaning: '`linux.uidMappings` or `linux.gidMappings` is given without a user namespace',
    remedy: 'add {"type": "user"} to linux.namespaces, or remove the mappings',
    *find(spec) {
      if (owns(spec, 'user')) return;
      for (const name of ['uidMappings', 'gidMappings'] as const) {
        if (spec.linux[name]?.length) yield at(`linux.${name}`, 'needs a user namespace');
      }
    },
  },
  {
    code: 'spec.mapping_empty',
    meaning: 'a mapping has size 0',
    remedy: 'give the number of ids to map, at least 1',
    *find(spec) {
      for (const { path, mapping } of eachMapping(spec)) if (mapping.size === 0) yield at(`${path}.size`, 'maps no id');
    },
  },
  {
    code: 'spec.mapping_too_far',
    meaning: 'a mapping goes beyond the last id, 4294967294',
    remedy: 'make the mapping smaller',
    *find(spec) {
      for (const { path, mapping } of eachMapping(spec)) {
        const end = Math.max(mapping.containerID, mapping.hostID) + mapping.size;
        if (end > idEnd) yield at(`${path}.size`, `the range ends beyond id ${idEnd - 1}`);
      }
    },
  },
  {
    code: 'spec.mapping_overlap_container',
    meaning: 'two mappings have ids of the container in common',
    remedy: 'let each id of the container be in one mapping only',
    find: overlap('containerID'),
  },
  {
    code: 'spec.mapping_overlap_host',
    meaning: 'two mappings have ids of the host in common',
    remedy: 'let each id of the host be in one mapping only',
    find: overlap('hostID'),
  },
  {
    code: 'spec.mappings_too_many',
    meaning: `a list of mappings has more than ${mostLines} lines, the kernel's limit`,
    remedy: 'join neighbouring ranges',
    *find(spec) {
      for (const { path, list } of mappingsOf(spec)) {
        if (list.length > mostLines) yield at(path, `${list.length} lines are more than ${mostLines}`);
      }
    },
  },
];
