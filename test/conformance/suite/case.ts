import type { Box } from './box.ts';
import type { Need } from './needs.ts';
import type { Seen } from './seen.ts';
import type { Spec } from './spec.ts';

/**
 * One thing that a runtime must do. With `probe` the container is the probe with these words, run to its end, and
 * `expect` judges what it saw; with `run` the case does everything itself.
 */
export interface Case {
  /** A sentence. */
  readonly name: string;
  /** What of the machine it needs. */
  readonly needs?: readonly Need[];
  /** runc's version that has it first. */
  readonly since?: `1.${number}`;
  /** Why runc does otherwise than the specification says. The case must fail there, so that the mark cannot get stale. */
  readonly runcDeviates?: string;
  /** Changes the base specification in place. */
  readonly spec?: (spec: Spec, box: Box) => void;
  readonly probe?: readonly string[];
  readonly expect?: (seen: Seen, box: Box) => void;
  readonly run?: (box: Box) => Promise<void>;
}
