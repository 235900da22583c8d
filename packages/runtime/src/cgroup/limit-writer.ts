import type { Integer64 } from '@berth/model/runtime-spec';
import { cgroupFile } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import type { CgroupWrite } from './limit.ts';

/** Collects writes. `field` is below `linux.resources`. */
export interface LimitWriter {
  readonly writes: readonly CgroupWrite[];
  write(file: string, field: string, data: Integer64 | string): void;
  /** A write that the kernel may refuse. */
  soft(file: string, field: string, data: Integer64 | string): void;
}

export function limitWriter(layout: CgroupLayout, path: string): LimitWriter {
  const writes: CgroupWrite[] = [];
  const add = (file: string, field: string, data: Integer64 | string): CgroupWrite => ({
    path: cgroupFile(layout, path, file),
    data: String(data),
    field: `linux.resources.${field}`,
  });
  return {
    writes,
    write: (file, field, data) => void writes.push(add(file, field, data)),
    soft: (file, field, data) => void writes.push({ ...add(file, field, data), soft: true }),
  };
}

/** Zero and absent are "not asked for", as in runc; anything below zero is no limit. */
export function limitOf(value: Integer64 | undefined, none: string): string | undefined {
  if (!value) return undefined;
  return value < 0 ? none : String(value);
}
