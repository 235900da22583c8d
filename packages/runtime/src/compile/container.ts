import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { Plan } from '../plan/record.ts';
import { startParts } from './start-part.ts';
import type { HostFacts } from './facts.ts';
import { hostTrack } from './host-track.ts';
import { processTrack } from './process-track.ts';

/**
 * A container start as a plan. Pure: the same spec and facts give the same plan. Throws
 * `invalid_argument` naming the JSON path for a spec that cannot be run, `failed_precondition` for one that asks for
 * what the host does not have.
 *
 * Each concern makes its own records; host-track.ts and process-track.ts know their order, and why.
 */
export function compileContainer(spec: RuntimeSpec, facts: HostFacts): Plan {
  const parts = startParts(spec, facts);
  return { records: [...hostTrack(parts), ...processTrack(parts)] };
}
