import { writeSync } from 'node:fs';
import { features } from '../features/features.ts';
import { version } from './version.ts';

export function run(): number {
  writeSync(1, `${JSON.stringify(features({ version }), null, 2)}\n`);
  return 0;
}
