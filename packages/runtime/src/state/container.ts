import { existingFolder, noContainer } from './container-folder.ts';
import { readRecord, type StateRecord } from './record.ts';
import { type ContainerStatus, statusOf } from './status.ts';

/** A container as its folder and the kernel tell of it at one moment. */
export interface Container {
  readonly folder: string;
  readonly record: StateRecord;
  readonly status: ContainerStatus;
}

/** @throws not_found when there is none, or it is gone or not yet there at this moment */
export function loadContainer(root: string, id: string): Container {
  const folder = existingFolder(root, id);
  const record = readRecord(folder);
  if (record === undefined) throw noContainer(id);
  return { folder, record, status: statusOf(folder, record) };
}
