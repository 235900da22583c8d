import type { ProcessSpec } from '@berth/model/runtime-spec';
import { invalid } from './invalid.ts';
import { noMeeting } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { inContainer, onHost, soft } from './step.ts';

/**
 * Written by the process while the host's /proc is still the one in view; by the shim for one in a user namespace,
 * whose /proc files are not its own any more. Soft: lowering the score needs CAP_SYS_RESOURCE,
 * which a nested or rootless Berth lacks (EACCES), and a wrong score is no reason not to start.
 */
export function oomScoreRecords({ oomScoreAdj }: ProcessSpec, inUserNamespace: boolean): Meeting {
  if (oomScoreAdj === undefined) return noMeeting;
  if (!Number.isInteger(oomScoreAdj) || oomScoreAdj < -1000 || oomScoreAdj > 1000) {
    throw invalid('process.oomScoreAdj', `not between -1000 and 1000: ${oomScoreAdj}`);
  }
  const data = String(oomScoreAdj);
  if (inUserNamespace) return { host: [soft(onHost('write_file', { path: 'oom_score_adj', data }))], container: [] };
  return { host: [], container: [soft(inContainer('write_file', { path: '/proc/self/oom_score_adj', data }))] };
}
