import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a runtime says of itself (the runtime spec's features.md), as far as a bundle must mind it. */
export interface CommandFeatures {
  /** The newest version of the spec that it takes. */
  readonly ociVersion: string;
  readonly namespaces: readonly string[];
  /** Knows the mount option `rro`. */
  readonly recursiveReadonly: boolean;
  readonly idmappedMounts: boolean;
}

/** Runtimes that have no `features`: crun 1.8, runc before 1.1. They know what spec 1.0 had. */
export const oldFeatures: CommandFeatures = {
  ociVersion: '1.0.2',
  namespaces: ['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts'],
  recursiveReadonly: false,
  idmappedMounts: false,
};

interface Answer {
  readonly ociVersionMax?: string;
  readonly mountOptions?: readonly string[];
  readonly linux?: {
    readonly namespaces?: readonly string[];
    readonly mountExtensions?: { readonly idmap?: { readonly enabled?: boolean } };
  };
}

/** Asks the program; one that does not know the question is an old one. */
export async function askFeatures(binary: string): Promise<CommandFeatures> {
  try {
    const { stdout } = await run(binary, ['features'], { timeout: 10_000 });
    const { ociVersionMax, mountOptions, linux } = JSON.parse(stdout) as Answer;
    return {
      ociVersion: ociVersionMax?.replace(/[-+].*$/, '') ?? oldFeatures.ociVersion,
      namespaces: linux?.namespaces ?? oldFeatures.namespaces,
      recursiveReadonly: mountOptions?.includes('rro') ?? false,
      idmappedMounts: linux?.mountExtensions?.idmap?.enabled ?? false,
    };
  } catch {
    return oldFeatures;
  }
}
