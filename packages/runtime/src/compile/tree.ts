import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { inContainer, onHost } from './step.ts';
import type { Fields } from './step.ts';

/** What is bound where, and the ids it shows. */
export interface Bind extends Fields<'bind_mount'> {
  /** Where it stands in the spec, for the error. */
  readonly path: string;
  /** Lines of uid_map and gid_map for an idmapped mount, and whether for all that is mounted below the source too. */
  readonly map?: { readonly uid: string; readonly gid: string; readonly recursive: boolean };
}

/** Binds of a plan: those that the process makes itself, and those that the shim opens for it. */
export interface Trees {
  /** The container's record for a bind. */
  bind(bind: Bind): PlanRecord;
  /** The host's records for all binds so far, for before `spawn`. */
  readonly opened: readonly PlanRecord[];
}

/** Slots of `tree_open`, docs/plan.md. */
const maxSlots = 255;

/**
 * The shim opens a source where the process could not: root of a user namespace may not search the host's folders, and
 * an idmapped mount takes rights over the file system itself. Everything else is one record less.
 */
export function newTrees(shimOpens: boolean): Trees {
  const opened: PlanRecord[] = [];
  return {
    opened,
    bind({ path, map, ...fields }) {
      if (!shimOpens && map === undefined) return inContainer('bind_mount', fields);
      const slot = opened.length + 1;
      if (slot > maxSlots) throw invalid(path, `more than ${maxSlots} sources that the host has to open`);
      const { target, ...source } = fields;
      const { uid = '', gid = '', recursive = false } = map ?? {};
      opened.push(
        onHost('tree_open', { slot, ...source, uidMap: uid, gidMap: gid, recursiveMapping: recursive ? 1 : 0 }),
      );
      return inContainer('tree_attach', { slot, target });
    },
  };
}
