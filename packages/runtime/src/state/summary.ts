import type { Container } from './container.ts';

/** What `state` prints and `list` lists: the state of the runtime spec (runtime.md, "State") and runc's fields. */
export interface ContainerSummary {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 when it is stopped. */
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner: string;
}

export function summarize({ record, status }: Container): ContainerSummary {
  const { ociVersion, id, bundle, rootfs, created, annotations = {}, owner } = record;
  const pid = status === 'stopped' ? 0 : record.pid;
  const noted = Object.keys(annotations).length > 0 ? { annotations } : {};
  return { ociVersion, id, pid, status, bundle, rootfs, created, ...noted, owner };
}
