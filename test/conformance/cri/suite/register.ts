import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { CriClient } from '../../../harness/cri-client.ts';
import type { CriTarget } from '../../../harness/cri-target.ts';
import { enterOwnNetwork } from '../../../harness/own-network.ts';
import type { Case } from './case.ts';
import { Kubelet } from './kubelet.ts';
import { obstacleOf } from './needs.ts';

/** Cases at once: pods wait for the kernel and for plugins more than they compute. */
const concurrency = 4;

const home = path.join(import.meta.dirname, '..');

/** All cases by topic: one folder each. */
async function allCases(): Promise<[string, readonly Case[]][]> {
  const files = globSync('*/cases.ts', { cwd: home }).toSorted();
  const topics = files.map(async (file): Promise<[string, readonly Case[]]> => {
    const { cases } = (await import(path.join(home, file))) as { readonly cases: readonly Case[] };
    return [path.dirname(file), cases];
  });
  return await Promise.all(topics);
}

export interface Suite {
  readonly name: string;
  readonly skip: string | false;
  readonly open: () => Promise<CriTarget>;
}

/** Makes a test of each case, and one of what they all leave. The process goes into a network of its own. */
export async function registerSuite({ name, skip, open }: Suite): Promise<void> {
  const topics = await allCases();
  describe(`${name} conforms to the CRI`, { skip }, () => {
    let target: CriTarget | undefined;
    before(async () => {
      enterOwnNetwork();
      target = await open();
    });
    after(async () => await target?.[Symbol.asyncDispose]());
    const register = (isAlone: boolean): void => {
      for (const [topic, cases] of topics)
        for (const each of cases.filter((one) => (one.isAlone ?? false) === isAlone))
          it(`${topic}: ${each.name}`, (context) => runCase(each, target!, context));
    };
    describe('side by side', { concurrency }, () => register(false));
    describe('alone', () => register(true));
    it('nothing is left of all pods', async () => await target!.assertNothingLeft());
  });
}

async function runCase(each: Case, target: CriTarget, context: TestContext): Promise<void> {
  const unsteady = target.version === undefined ? undefined : each.containerdUnsteady;
  const obstacle = obstacleOf(each.needs) ?? whyTooOld(target, each.since) ?? unsteady;
  if (obstacle !== undefined) return context.skip(obstacle);
  if (each.containerdDeviates === undefined || target.version === undefined) return await perform(each, target);
  const isAsSpecified = await perform(each, target).then(
    () => true,
    () => false,
  );
  assert.ok(!isAsSpecified, `${target.name} is said to deviate, but does not: ${each.containerdDeviates}`);
  context.skip(`${target.name} deviates: ${each.containerdDeviates}`);
}

async function perform(each: Case, target: CriTarget): Promise<void> {
  await using kubelet = new Kubelet(target, await CriClient.open(target.socket));
  await each.run(kubelet);
}

/** Why a case that containerd has had since `since` cannot be run. */
function whyTooOld({ name, version }: CriTarget, since: string | undefined): string | undefined {
  if (version === undefined || since === undefined) return undefined;
  const [major = 0, minor = 0] = since.split('.').map(Number);
  const isThere = version[0] > major || (version[0] === major && version[1] >= minor);
  return isThere ? undefined : `${name} ${version.join('.')} has not what containerd has since ${since}`;
}
