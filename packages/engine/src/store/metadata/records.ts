import { Mutations } from './mutations.ts';
import { ProcessLeases } from './process-leases.ts';

/** What the tables share besides the database. */
export interface Records {
  readonly mutations: Mutations;
  readonly processLeases: ProcessLeases;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function newRecords(now: () => number = Date.now): Records {
  return { mutations: new Mutations(), processLeases: new ProcessLeases(), now };
}
