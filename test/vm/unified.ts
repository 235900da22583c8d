import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Box } from '../conformance/suite/box.ts';

/** A file of a box's cgroup of version 2. */
export function fileOf(box: Box, file: string): string {
  return path.join('/sys/fs/cgroup', box.cgroup, file);
}

export function valueOf(box: Box, file: string): string {
  return readFileSync(fileOf(box, file), 'utf8').trim();
}
