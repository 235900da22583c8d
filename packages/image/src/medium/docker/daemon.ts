import { isKind } from '@berth/model/error';
import { type Digest, isDigest } from '@berth/model/digest';
import { parseReference } from '@berth/model/reference';
import type { DockerApi } from './api.ts';

/** What a dockerd is, as far as its images are concerned. */
export interface DockerFacts {
  /**
   * `graph`: layers unpacked by a graph driver, an image is its config. `containerd`: the containerd image store, since
   * 25; blobs and indexes are kept as they are.
   */
  readonly store: 'graph' | 'containerd';
  /** Graph driver or snapshotter: `overlay2`. */
  readonly driver: string;
  /** `[1, 41]`. */
  readonly apiVersion: readonly [number, number];
  /** Its containerd, on its machine, where it tells. */
  readonly containerd?: { readonly address: string; readonly namespace: string };
  /** Its --data-root, on its machine. */
  readonly rootDir: string;
}

interface InfoAnswer {
  readonly Driver: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly DockerRootDir: string;
  /** Since API 1.46. */
  readonly Containerd?: { readonly Address?: string; readonly Namespaces?: { readonly Containers?: string } };
}

export async function dockerFacts(api: DockerApi, signal: AbortSignal): Promise<DockerFacts> {
  const [info, version] = await Promise.all([
    api.json<InfoAnswer>('/info', signal),
    api.json<{ readonly ApiVersion?: string }>('/version', signal),
  ]);
  const isContainerd = (info.DriverStatus ?? []).some(
    ([key, value]) => key === 'driver-type' && value.startsWith('io.containerd.snapshotter'),
  );
  const { Address: address, Namespaces: { Containers: namespace } = {} } = info.Containerd ?? {};
  const [major = 0, minor = 0] = (version.ApiVersion ?? '').split('.').map(Number);
  return {
    store: isContainerd ? 'containerd' : 'graph',
    driver: info.Driver,
    apiVersion: [major, minor],
    rootDir: info.DockerRootDir,
    ...(address === undefined || namespace === undefined ? {} : { containerd: { address, namespace } }),
  };
}

export function isAtLeast({ apiVersion }: DockerFacts, major: number, minor: number): boolean {
  return apiVersion[0] > major || (apiVersion[0] === major && apiVersion[1] >= minor);
}

/** An image as `/images/NAME/json` tells of it. */
export interface DockerImage {
  /** Digest of the config in the graph store, of the target in the containerd store. */
  readonly id: Digest;
  /** Normalised full references. */
  readonly names: readonly string[];
  readonly diffIds: readonly Digest[];
}

interface InspectAnswer {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
}

/** Undefined when the daemon has no such image. */
export async function inspectImage(
  api: DockerApi,
  name: string,
  signal: AbortSignal,
): Promise<DockerImage | undefined> {
  try {
    const answer = await api.json<InspectAnswer>(`/images/${pathName(name)}/json`, signal);
    return {
      id: answer.Id as Digest,
      names: (answer.RepoTags ?? []).filter((tag) => !tag.includes('<none>')).map((tag) => parseReference(tag).name),
      diffIds: (answer.RootFS?.Layers ?? []).filter(isDigest),
    };
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

/** In a path a name keeps its slashes. */
export function pathName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}
