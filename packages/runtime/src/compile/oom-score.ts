import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { inContainer, soft } from './step.ts';

/**
 * While the host's /proc is still the one in view. Soft: lowering the score needs CAP_SYS_RESOURCE,
 * which a nested or rootless Berth lacks (EACCES), and a wrong score is no reason not to start.
 */
export function oomScoreRecords({ oomScoreAdj }: ProcessSpec): PlanRecord[] {
  if (oomScoreAdj === undefined) return [];
  if (!Number.isInteger(oomScoreAdj) || oomScoreAdj < -1000 || oomScoreAdj > 1000) {
    throw invalid('process.oomScoreAdj', `not between -1000 and 1000: ${oomScoreAdj}`);
  }
  const data = String(oomScoreAdj);
  return [soft(inContainer('write_file', { path: '/proc/self/oom_score_adj', data }))];
}
