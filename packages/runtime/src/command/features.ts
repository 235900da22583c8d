import { writeSync } from 'node:fs';
import { release } from 'node:os';
import { features } from '../features/features.ts';
import { version } from './version.ts';

export function run(): number {
  writeSync(1, `${JSON.stringify(features({ version, kernel: release() }), null, 2)}\n`);
  return 0;
}
