import { strict as assert } from 'node:assert';
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { Box } from './box.ts';
import type { Case } from './case.ts';
import { removeParent } from './cgroups.ts';
import { obstacleOf } from './needs.ts';
import { Programs } from './rootfs.ts';
import { type Runtime, whyTooOld } from './runtime.ts';

/** Containers at once: their starts wait for the kernel more than they compute. */
const concurrency = 4;

const home = path.join(import.meta.dirname, '..');

/** Why no container can be run here; false when they can. */
export const whyNot: string | false =
  process.getuid?.() !== 0
    ? 'needs root: it makes namespaces, mounts and cgroups'
    : existsSync('/bin/busybox')
      ? false
      : 'needs busybox-static for the root file systems of containers';

/** All cases by topic: one folder each. */
export async function allCases(): Promise<Map<string, readonly Case[]>> {
  const files = globSync('*/cases.ts', { cwd: home }).toSorted();
  const topics = files.map(async (file): Promise<[string, readonly Case[]]> => {
    const { cases } = (await import(path.join(home, file))) as { readonly cases: readonly Case[] };
    return [path.dirname(file), cases];
  });
  return new Map(await Promise.all(topics));
}

/** Makes a test of each case. */
export function registerSuite(runtime: Runtime, topics: ReadonlyMap<string, readonly Case[]>): void {
  describe(`${runtime.name} conforms`, { concurrency, skip: whyNot }, () => {
    let programs: Programs;
    before(() => void (programs = new Programs()));
    after(() => {
      programs[Symbol.dispose]();
      removeParent();
    });
    for (const [topic, cases] of topics) {
      for (const each of cases) {
        it(`${topic}: ${each.name}`, (context) => runCase(each, { runtime, context, programs }));
      }
    }
  });
}

interface Surroundings {
  readonly runtime: Runtime;
  readonly programs: Programs;
  readonly context: TestContext;
}

async function runCase(each: Case, surroundings: Surroundings): Promise<void> {
  const { runtime, context } = surroundings;
  const obstacle = obstacleOf(each.needs) ?? whyTooOld(runtime, each.since);
  if (obstacle !== undefined) return context.skip(obstacle);
  if (each.runcDeviates === undefined || runtime.runcVersion === undefined) return await perform(each, surroundings);
  const isAsSpecified = await perform(each, surroundings).then(
    () => true,
    () => false,
  );
  assert.ok(!isAsSpecified, `${runtime.name} is said to deviate, but does not: ${each.runcDeviates}`);
  context.skip(`${runtime.name} deviates from the specification: ${each.runcDeviates}`);
}

async function perform(each: Case, { runtime, programs }: Surroundings): Promise<void> {
  assert.ok(each.run !== undefined || each.expect !== undefined, 'a case that cannot fail');
  await using box = new Box(runtime, programs);
  each.spec?.(box.spec, box);
  if (each.probe !== undefined) each.expect!(await box.probe(each.probe), box);
  await each.run?.(box);
}
