import type { ProcessSpec } from '@berth/model/runtime-spec';
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

/** The same for a container, whose keys SELinux is to label like its program. While /proc is the host's. */
export function labelledKeyringRecords({ selinuxLabel }: ProcessSpec, facts: ProcessFacts): PlanRecord[] {
  const records = keyringRecords(facts);
  if (!selinuxLabel || !facts.selinux || records.length === 0) return records;
  const label = (data: string) => soft(inContainer('write_file', { path: '/proc/self/attr/keycreate', data }));
  // What the process makes later is not ours to label. The kernel takes a newline for "none".
  return [label(selinuxLabel), ...records, label('\n')];
}
