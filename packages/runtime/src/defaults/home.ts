import type { ProcessSpec } from '@berth/model/runtime-spec';
import { parsePasswd } from './user.ts';

/**
 * The process with a HOME, as runc gives one to every process whose environment has none or an empty one: that of the
 * first entry of its user in the container's own passwd file (its text; empty for a missing file), else `/`.
 */
export function withHome(process: ProcessSpec, passwd: string): ProcessSpec {
  const given = process.env.findLast((one) => one.startsWith('HOME='));
  if (given !== undefined && given !== 'HOME=') return process;
  const home = parsePasswd(passwd).find(({ uid }) => uid === process.user.uid)?.home || '/';
  return { ...process, env: [...process.env, `HOME=${home}`] };
}
