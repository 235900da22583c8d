import type { PodSummary } from '@berth/wire/native/api';
import { humanSince, localTime } from './print/human-time.ts';
import type { Row } from './print/rows.ts';
import { shortId } from './print/short-id.ts';

/** Columns of `pods`, and the headers of fields that only a template shows. */
export const podHeaders = {
  columns: [
    ['POD ID', 'ID'],
    ['NAME', 'Name'],
    ['NAMESPACE', 'Namespace'],
    ['CREATED', 'RunningFor'],
    ['STATUS', 'Status'],
    ['CONTAINERS', 'Containers'],
    ['IP', 'IP'],
  ],
  headers: {
    IPs: 'IPS',
    Attempt: 'ATTEMPT',
    UID: 'UID',
    Runtime: 'RUNTIME',
    CreatedAt: 'CREATED AT',
    Labels: 'LABELS',
  },
} as const;

/** A pod as users see it; fields have the names of `ps` where it has the same. */
export function podRow(pod: PodSummary, { now, truncate }: { readonly now: number; readonly truncate: boolean }): Row {
  const { id, name, namespace, uid, attempt, createdAt, status, addresses, runtime, labels } = pod;
  return {
    ID: truncate ? shortId(id) : id,
    Name: name,
    Namespace: namespace,
    UID: uid,
    Attempt: String(attempt),
    CreatedAt: localTime(createdAt),
    RunningFor: humanSince(createdAt, now),
    Status: status === 'ready' ? 'Ready' : 'NotReady',
    Containers: `${pod.running}/${pod.containers}`,
    IP: addresses[0] ?? '',
    IPs: addresses.join(','),
    Runtime: runtime,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: string) => labels[key] ?? '',
  };
}
