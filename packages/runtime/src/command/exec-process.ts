import { BerthError } from '@berth/model/error';
import type { CapabilitySets, ProcessSpec, RuntimeSpec, UserSpec } from '@berth/model/runtime-spec';
import { readProcess } from '../bundle/input.ts';
import { capabilityBit } from '../compile/capability.ts';
import { spell } from '../validate/finding.ts';
import type { FlagValues } from './flag.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

type Flags = FlagValues<FlagsOf<'exec'>>;

/** The process to run: that of a file, or the container's own with what the flags change. @throws invalid_argument */
export function execProcess(spec: RuntimeSpec, { flags, args, given, log }: Invocation<FlagsOf<'exec'>>): ProcessSpec {
  if (flags.process !== '') {
    const { value, warnings } = readProcess(flags.process);
    for (const finding of warnings) log.warn(spell(finding));
    return value;
  }
  const [, ...command] = args;
  if (command.length === 0) throw bad('process args cannot be empty');
  const base = spec.process;
  return {
    ...base,
    args: command,
    terminal: flags.tty,
    // Of the first process's terminal, not of this one.
    consoleSize: undefined,
    cwd: flags.cwd === '' ? base.cwd : flags.cwd,
    env: [...base.env, ...flags.env],
    user: userOf(base.user, flags),
    capabilities: capabilitiesOf(base.capabilities, knownOf(flags.cap, log)),
    ...(flags['process-label'] === '' ? {} : { selinuxLabel: flags['process-label'] }),
    ...(flags.apparmor === '' ? {} : { apparmorProfile: flags.apparmor }),
    ...(given.has('no-new-privs') ? { noNewPrivileges: flags['no-new-privs'] } : {}),
  };
}

function userOf(base: UserSpec, flags: Flags): UserSpec {
  const additionalGids = [...(base.additionalGids ?? []), ...flags['additional-gids'].map((gid) => idOf(gid))];
  const more = additionalGids.length > 0 ? { additionalGids } : {};
  if (flags.user === '') return { ...base, ...more };
  const [uid = '', gid] = flags.user.split(':');
  return { ...base, ...more, uid: idOf(uid), gid: gid === undefined ? base.gid : idOf(gid) };
}

function idOf(text: string): number {
  if (/^\d+$/.test(text) && Number(text) < 2 ** 32 - 1) return Number(text);
  throw bad(`not a numeric id: ${JSON.stringify(text)}`);
}

/** As in a config: an unknown one is left out with a warning, config.md "Capabilities". */
function knownOf(names: readonly string[], log: Invocation['log']): string[] {
  const known = names.filter((name) => capabilityBit(name) !== undefined);
  for (const name of names) if (!known.includes(name)) log.warn(`--cap: unknown capability ${name} is left out`);
  return known;
}

/** In all sets that decide: a capability that is only in some of them would not be there after the exec. */
function capabilitiesOf(base: CapabilitySets | undefined, more: readonly string[]): CapabilitySets | undefined {
  if (more.length === 0) return base;
  const add = (set: readonly string[] = []) => [...new Set([...set, ...more])];
  return {
    ...base,
    bounding: add(base?.bounding),
    effective: add(base?.effective),
    permitted: add(base?.permitted),
  };
}

function bad(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_process' });
}
