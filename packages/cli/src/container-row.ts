import type { ContainerState, ContainerSummary, PodOfContainer } from '@berth/wire/native/api';
import { humanDuration, humanSince, localTime } from './print/human-time.ts';
import type { Row } from './print/rows.ts';
import { shortId } from './print/short-id.ts';
import { ellipsis, quote } from './print/table.ts';

/** Columns of `ps`, and the headers of fields that only a template shows. */
export const containerHeaders = {
  columns: [
    ['CONTAINER ID', 'ID'],
    ['IMAGE', 'Image'],
    ['COMMAND', 'Command'],
    ['CREATED', 'RunningFor'],
    ['STATUS', 'Status'],
    ['PORTS', 'Ports'],
    ['NAMES', 'Names'],
  ],
  /** With pods among them. */
  withPods: [
    ['CONTAINER ID', 'ID'],
    ['IMAGE', 'Image'],
    ['COMMAND', 'Command'],
    ['CREATED', 'RunningFor'],
    ['STATUS', 'Status'],
    ['POD', 'Pod'],
    ['NAMES', 'Names'],
  ],
  headers: {
    Pod: 'POD',
    PodID: 'POD ID',
    Namespace: 'NAMESPACE',
    CreatedAt: 'CREATED AT',
    State: 'STATE',
    Labels: 'LABELS',
    Networks: 'NETWORKS',
    Mounts: 'MOUNTS',
    Size: 'SIZE',
    LocalVolumes: 'LOCAL VOLUMES',
  },
} as const;

export interface ContainerRowOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly truncate: boolean;
}

/** A container under the names that docker's templates use. */
export function containerRow(container: ContainerSummary, { now, truncate }: ContainerRowOptions): Row {
  const { id, name, image, imageId, command, createdAt, state, status, labels, namespace, pod } = container;
  return {
    ID: truncate ? shortId(id) : id,
    // A container whose image was given by digest shows it short.
    Image: image.startsWith('sha256:') && truncate ? shortId(imageId) : image,
    Command: quote(truncate ? ellipsis(command, 20) : command),
    CreatedAt: localTime(createdAt),
    RunningFor: humanSince(createdAt, now),
    Status: statusText(state, now),
    State: status,
    Ports: '',
    Names: name,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: string) => labels[key] ?? '',
    Networks: '',
    Mounts: '',
    LocalVolumes: '0',
    Size: '0B',
    Namespace: namespace,
    Pod: pod === undefined ? '' : podName(pod),
    PodID: pod === undefined ? '' : truncate ? shortId(pod.id) : pod.id,
  };
}

/** `shop/web`, as kubectl has it. */
function podName({ id, name, namespace }: PodOfContainer): string {
  if (name === '') return shortId(id);
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** `Up 3 seconds (Paused)`, `Exited (137) 5 minutes ago`, `Created`. */
export function statusText(state: ContainerState, now: number): string {
  const { status, exitCode, startedAt, finishedAt } = state;
  const up = `Up ${humanDuration(now - Date.parse(startedAt))}`;
  switch (status) {
    case 'running':
      return up;
    case 'paused':
      return `${up} (Paused)`;
    case 'exited':
      // A start that failed never ran: docker still calls it created.
      return finishedAt === '' ? 'Created' : `Exited (${exitCode}) ${humanSince(finishedAt, now)}`;
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
  }
}
