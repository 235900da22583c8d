import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const source = path.join(import.meta.dirname, '../programs/lines.c');
const program = path.join(import.meta.dirname, '../../../build/test/lines');

/** A static program that writes numbered lines at a steady rate: ../programs/lines.c. */
export function lineWriter(): Buffer {
  mkdirSync(path.dirname(program), { recursive: true });
  execFileSync('cc', ['-O2', '-Wall', '-static', '-o', program, source]);
  return readFileSync(program);
}
