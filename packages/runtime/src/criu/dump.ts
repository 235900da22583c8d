import { mkdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { StateRecord } from '../state/record.ts';
import { type CriuChoices, commonWords } from './choices.ts';
import { externalMounts, externalNamespaces, namespaceKey } from './external.ts';
import { runCriu } from './program.ts';

export interface DumpChoices extends CriuChoices {
  /** Image files of the pre-dump before this one. */
  readonly parent?: string;
  readonly leaveRunning?: boolean;
  readonly skipInFlight?: boolean;
  readonly linkRemap?: boolean;
  /** A descriptor of ours; -1: none. */
  readonly statusFd?: number;
  /** ADDRESS:PORT */
  readonly pageServer?: string;
  /** Only the memory, while the container runs on. */
  readonly preDump?: boolean;
}

/** The first process of what is dumped, and where its root is mounted. */
export type DumpedProcess = Pick<StateRecord, 'pid' | 'rootfs'>;

/** What the standard streams were, for `--inherit-fd` at restore. */
export const streamsFile = 'descriptors.json';

/** Writes a container to image files. @throws failed_precondition naming criu's log */
export async function dump(process: DumpedProcess, spec: RuntimeSpec, choices: DumpChoices): Promise<void> {
  mkdirSync(choices.images, { recursive: true, mode: 0o700 });
  mkdirSync(choices.work, { recursive: true, mode: 0o700 });
  const streams = [0, 1, 2].map((fd) => readlinkSync(`/proc/${process.pid}/fd/${fd}`));
  writeFileSync(join(choices.images, streamsFile), JSON.stringify(streams), { mode: 0o600 });
  await runCriu(dumpWords(process, spec, choices), {
    log: join(choices.work, 'dump.log'),
    statusFd: choices.statusFd,
  });
}

/** The words behind `criu`. */
export function dumpWords(process: DumpedProcess, spec: RuntimeSpec, choices: DumpChoices): string[] {
  const words = [choices.preDump ? 'pre-dump' : 'dump', '--tree', String(process.pid), '--root', process.rootfs];
  words.push(...commonWords(choices, 'dump.log'));
  if (choices.preDump) words.push('--track-mem');
  else if (choices.leaveRunning) words.push('--leave-running');
  if (choices.skipInFlight) words.push('--skip-in-flight');
  if (choices.linkRemap) words.push('--link-remap');
  if (choices.parent) words.push('--prev-images-dir', relative(choices.images, choices.parent), '--track-mem');
  if (choices.pageServer) words.push(...pageServerWords(choices.pageServer));
  if ((choices.statusFd ?? -1) >= 0) words.push('--status-fd', '3');
  for (const { key } of externalMounts(spec, process.rootfs)) words.push('--external', `mnt[${key}]:${key}`);
  for (const { kind, path } of externalNamespaces(spec)) {
    words.push('--external', `${kind}[${statSync(path).ino}]:${namespaceKey(kind)}`);
  }
  return words;
}

function pageServerWords(server: string): string[] {
  const at = server.lastIndexOf(':');
  return ['--page-server', '--address', server.slice(0, at), '--port', server.slice(at + 1)];
}
