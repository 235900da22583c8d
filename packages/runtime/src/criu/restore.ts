import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tolerate } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { list, onHost } from '../compile/step.ts';
import type { Plan } from '../plan/record.ts';
import { type CriuChoices, commonWords } from './choices.ts';
import { streamsFile } from './dump.ts';
import { externalMounts } from './external.ts';

export interface RestoreChoices extends CriuChoices {
  /** TYPE:NAME */
  readonly lsmProfile?: string;
  readonly lsmMountContext?: string;
}

export interface RestorePlace {
  readonly spec: RuntimeSpec;
  readonly rootfs: string;
  /** Where criu writes the pid to. */
  readonly pidFile: string;
  /** Absolute path of the criu program. */
  readonly program: string;
}

/** criu wants a root that is a mount point; in a mount namespace of its own nobody else sees that. */
const mountRoot = 'mount --rbind "$1" "$1" && shift && exec "$@"';

/**
 * A restore as a plan: criu makes the process with the streams of the caller, and the shim, to whom it falls when criu
 * ends, adopts it.
 */
export function restorePlan(place: RestorePlace, choices: RestoreChoices): Plan {
  const criu = [place.program, ...restoreWords(place, choices)];
  const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mountRoot, 'sh', place.rootfs, ...criu];
  return {
    records: [
      onHost('stdio_inherit', { preserve: 0 }),
      onHost('run_program', {
        timeout: 0,
        path: '/usr/bin/unshare',
        argv: list(argv),
        env: list(['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']),
        cwd: '/',
      }),
      onHost('adopt', { pidFile: place.pidFile }),
    ],
  };
}

/** The words behind `criu`. */
export function restoreWords({ spec, rootfs, pidFile }: RestorePlace, choices: RestoreChoices): string[] {
  const words = ['restore', '--restore-detached', '--pidfile', pidFile, '--root', rootfs];
  words.push(...commonWords(choices, 'restore.log'));
  if (choices.lsmProfile) words.push('--lsm-profile', choices.lsmProfile);
  if (choices.lsmMountContext) words.push('--lsm-mount-context', choices.lsmMountContext);
  for (const { key, source } of externalMounts(spec, rootfs)) words.push('--external', `mnt[${key}]:${source}`);
  for (const [fd, stream] of streamsOf(choices.images).entries()) {
    if (stream.startsWith('pipe:')) words.push('--inherit-fd', `fd[${fd}]:${stream}`);
  }
  return words;
}

function streamsOf(images: string): string[] {
  let text = '[]';
  tolerate(['ENOENT'], () => (text = readFileSync(join(images, streamsFile), 'utf8')));
  return JSON.parse(text) as string[];
}
