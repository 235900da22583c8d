import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asError, BerthError, errnoName } from '@berth/model/error';
import type { IdMapping, LinuxSpec } from '@berth/model/runtime-spec';

const run = promisify(execFile);

/**
 * Gives the user namespace of `pid` its maps through newuidmap and newgidmap: a user without root may map only himself,
 * those two also what /etc/subuid and /etc/subgid grant. @throws failed_precondition
 */
export async function mapIds(pid: number, linux: Pick<LinuxSpec, 'uidMappings' | 'gidMappings'>): Promise<void> {
  await callMapper('newuidmap', pid, linux.uidMappings ?? []);
  await callMapper('newgidmap', pid, linux.gidMappings ?? []);
}

async function callMapper(program: string, pid: number, mappings: readonly IdMapping[]): Promise<void> {
  if (mappings.length === 0) return;
  const numbers = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  try {
    await run(program, [pid, ...numbers].map(String));
  } catch (error) {
    throw mapperFailed(program, error);
  }
}

function mapperFailed(program: string, cause: unknown): BerthError {
  if (errnoName(cause) === 'ENOENT') {
    return new BerthError('failed_precondition', `${program} is not installed`, {
      code: 'no_id_mapper',
      hint: 'install uidmap, or map a single id',
      cause,
    });
  }
  const { stderr } = cause as { readonly stderr?: string };
  return new BerthError('failed_precondition', `${program}: ${stderr?.trim() || asError(cause).message}`, {
    code: 'id_map_refused',
    hint: 'the ranges must be granted in /etc/subuid and /etc/subgid',
    cause,
  });
}
