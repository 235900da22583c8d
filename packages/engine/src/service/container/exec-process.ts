import { capabilitySets } from '@berth/runtime/defaults/capability-set';
import { capabilityNames } from '@berth/runtime/compile/capability';
import { resolveUser } from '@berth/runtime/defaults/user';
import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { ContainerRecord, ExecConfig } from './contract.ts';
import { mergeEnvironment } from './program.ts';
import { readRunningFile } from '@berth/runtime/process/root-file';

/** A further process of a container: its own wishes over the container's settings (docker's rules). */
export function execProcess(record: ContainerRecord, config: ExecConfig, pid: number): ProcessSpec {
  const { process } = record.spec;
  const user = config.user === undefined || config.user === '' ? undefined : userOf(config.user, pid);
  const inherited = user === undefined ? process.env : process.env.filter((one) => !one.startsWith('HOME='));
  const home = user === undefined ? [] : [`HOME=${user.home}`];
  const terminal = config.tty === true ? ['TERM=xterm'] : [];
  const { uid, gid, additionalGids } = user ?? process.user;
  // The container's own user keeps what the container was given, ambient ones too.
  const ofUser = user === undefined ? process.capabilities : capabilitySets(process.capabilities?.bounding ?? [], uid);
  const capabilities = config.privileged ? capabilitySets(capabilityNames, uid) : ofUser;
  return {
    ...process,
    terminal: config.tty === true,
    args: config.command,
    env: mergeEnvironment([...terminal, ...home, ...inherited], config.env ?? []),
    cwd: config.workingDir || process.cwd,
    user: { ...process.user, uid, gid, ...(additionalGids === undefined ? {} : { additionalGids }) },
    ...(capabilities === undefined ? {} : { capabilities }),
  };
}

function userOf(user: string, pid: number): ReturnType<typeof resolveUser> {
  const text = (file: string): string => Buffer.from(readRunningFile(pid, file) ?? []).toString('utf8');
  return resolveUser(user, { passwd: text('/etc/passwd'), group: text('/etc/group') });
}
