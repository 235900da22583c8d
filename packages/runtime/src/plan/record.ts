import type { Layout, RecordKind, Track } from './layout.ts';

/**
 * One step of a plan. `soft` steps may fail: the failure is reported as a warning and the plan goes
 * on. `inject` makes the launcher fail the step without running it (tests of failed starts).
 */
export type PlanRecord<K extends RecordKind = RecordKind> = K extends RecordKind
  ? {
      readonly kind: K;
      readonly track: Track;
      readonly soft?: boolean;
      readonly inject?: boolean;
    } & { readonly [N in Layout[K]['numbers'][number]]: number | bigint } & {
      readonly [S in Layout[K]['strings'][number]]: string | Uint8Array;
    }
  : never;

/**
 * How one process is started: each track runs its records in list order, and `post`/`wait` pairs
 * order the tracks against each other. A plan is plain data and is never changed once made.
 */
export interface Plan {
  readonly records: readonly PlanRecord[];
}
