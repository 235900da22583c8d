import { globSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');

/** Files that are run by one process. */
export interface TestRun {
  readonly title: string;
  readonly files: readonly string[];
}

/** Tests beside the sources need neither root nor a process: all of them share one. */
export function unitTests(): TestRun[] {
  const files = globSync('packages/*/src/**/*.test.ts', { cwd: root }).toSorted();
  return files.length === 0 ? [] : [{ title: `unit tests (${files.length} files)`, files }];
}

/** Tests that start processes: each file has one of its own, one after the other. */
export function rootTests(): TestRun[] {
  const files = globSync('test/**/*.test.ts', { cwd: root }).toSorted();
  return files.map((file) => ({ title: file, files: [file] }));
}

/** The files that the arguments name: a path, a folder, or a part of a path. */
export function matchingTests(filters: readonly string[]): TestRun[] {
  const wanted = filters.map((filter) => path.relative(root, path.resolve(filter)));
  const matches = (file: string) =>
    wanted.some((filter) => file === filter || file.startsWith(`${filter}/`)) ||
    filters.some((filter) => file.includes(filter));
  const unit = unitTests().flatMap(({ files }) => files.filter(matches));
  const units = unit.length === 0 ? [] : [{ title: `unit tests (${unit.length} files)`, files: unit }];
  return [...units, ...rootTests().filter(({ title }) => matches(title))];
}
