import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BerthError } from '@berth/model/error';
import type { Integer64, MountSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { ownCapabilities } from '../../compile/own-capabilities.ts';
import { selfType } from '../../compile/self-mount.ts';
import type { CommandFeatures } from './features.ts';

/** The spec's file in a bundle. */
export const bundleFile = 'config.json';

/** Writes the bundle's config.json for a runtime with these features. */
export async function writeBundle(bundle: string, spec: RuntimeSpec, features: CommandFeatures): Promise<void> {
  await mkdir(bundle, { recursive: true, mode: 0o700 });
  const process = withPossibleScore(spec.process);
  const text = JSON.stringify(adapt({ ...spec, process }, features), plainInteger);
  await writeFile(path.join(bundle, bundleFile), text, { mode: 0o600 });
}

/** TypeScript does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** For JSON.stringify: limits beyond 2^53 are bigints here, and numbers on the wire. */
export function plainInteger(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

/**
 * The spec without what this runtime is too old for and the container does not depend on: the version's number, and a
 * time namespace at offset zero. @throws invalid_argument (`runtime_lacks`)
 */
export function adapt(spec: RuntimeSpec, features: CommandFeatures): RuntimeSpec {
  const known = new Set(features.namespaces);
  const { namespaces, ...linux } = spec.linux;
  if (linux.timeOffsets !== undefined && !known.has('time')) {
    throw new BerthError('invalid_argument', 'linux.timeOffsets: this runtime has no time namespaces', {
      code: 'runtime_lacks',
      hint: 'leave it out, or use the runtime berth',
    });
  }
  const kept = namespaces.filter(
    ({ type, path: joined }) => type !== 'time' || joined !== undefined || known.has(type),
  );
  return {
    ...spec,
    process: withWholeLimits(spec.process),
    mounts: spec.mounts.map(withKnownType),
    ociVersion: isNewer(spec.ociVersion, features.ociVersion) ? features.ociVersion : spec.ociVersion,
    linux: { ...linux, namespaces: kept },
  };
}

/** Our type for a folder of the root itself is nobody else's: a tmpfs that begins with the same files comes nearest. */
function withKnownType(mount: MountSpec): MountSpec {
  return mount.type === selfType
    ? { ...mount, type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'nodev'] }
    : mount;
}

/** The engine keeps "no limit" as ulimit's -1, which others refuse: the schema's limits are unsigned. */
function withWholeLimits(process: ProcessSpec): ProcessSpec {
  const { rlimits } = process;
  if (rlimits === undefined) return process;
  const whole = (limit: Integer64) => (limit === -1 || limit === -1n ? noLimit : limit);
  return { ...process, rlimits: rlimits.map((one) => ({ ...one, soft: whole(one.soft), hard: whole(one.hard) })) };
}

/** runc fails where it may not lower the score, proc_pid_oom_score_adj(5): a wrong one is no reason not to start. */
function withPossibleScore(process: ProcessSpec): ProcessSpec {
  const { oomScoreAdj } = process;
  if (oomScoreAdj === undefined || (ownCapabilities() & capSysResource) !== 0n) return process;
  const least = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
  return { ...process, oomScoreAdj: Math.max(oomScoreAdj, least) };
}

const capSysResource = 1n << 24n;

/** RLIM64_INFINITY. */
const noLimit = 2n ** 64n - 1n;

function isNewer(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) > 0;
}
