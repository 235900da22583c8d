import type { PlanRecord } from '../plan/record.ts';
import type { ProcessFacts } from './facts.ts';
import { idOf } from './state.ts';
import { inContainer, soft } from './step.ts';

/**
 * A session keyring of its own, named like the container as runc does, so that execs find it again. Soft: what keeps
 * us from it (a filter above us, a kernel without keyrings) keeps the container from the caller's keys as well.
 */
export function keyringRecords(facts: ProcessFacts): PlanRecord[] {
  return facts.noNewKeyring ? [] : [soft(inContainer('keyring', { name: `_ses.${idOf(facts)}` }))];
}
