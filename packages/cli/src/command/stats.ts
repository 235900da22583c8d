import { setTimeout as sleep } from 'node:timers/promises';
import { isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import type { ContainerStats } from '@berth/wire/native/api';
import { type CommandCall, defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';
import { printRows } from '../print/rows.ts';
import { absentStats, statsHeaders, statsRow, type StatsTarget } from '../stats-row.ts';

const flagTable = {
  all: switchFlag('Show all containers (default shows just running)', { short: 'a' }),
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  'no-stream': switchFlag('Print one result and end'),
  'no-trunc': switchFlag('Do not truncate output'),
};

type Call = CommandCall<typeof flagTable>;

/** Between two samples; a use of CPU is the difference of two. */
const interval = 1000;

export const command = defineCommand({
  usage: 'stats [OPTIONS] [CONTAINER...]',
  flags: flagTable,
  arguments: { least: 0 },
  async run(call) {
    const before = new Map<string, ContainerStats>();
    let targets = await findTargets(call);
    await sampleAll(call.client, targets, before);
    const live = !call.flags['no-stream'];
    for (;;) {
      await sleep(call.flags['no-stream'] ? interval / 2 : interval);
      // Without names the table follows what comes and goes.
      if (call.args.length === 0) targets = await findTargets(call);
      await show(call, targets, before);
      if (!live) return;
    }
  },
});

async function findTargets({ client, flags, args }: Call): Promise<readonly StatsTarget[]> {
  if (args.length > 0) return await Promise.all(args.map((ref) => client.containers.inspect(ref)));
  return await client.containers.list({ all: flags.all });
}

async function show(call: Call, targets: readonly StatsTarget[], before: Map<string, ContainerStats>): Promise<void> {
  const previous = new Map(before);
  const samples = await sampleAll(call.client, targets, before);
  const truncate = !call.flags['no-trunc'];
  const rows = targets.map((target, at) => {
    const sample = samples[at];
    return sample === undefined
      ? absentStats(target, truncate)
      : statsRow(sample, { before: previous.get(target.id), truncate });
  });
  if (!call.flags['no-stream'] && process.stdout.isTTY) print('\x1b[H\x1b[2J');
  await printRows(rows, { format: call.flags.format, columns: statsHeaders });
}

async function sampleAll(
  client: BerthClient,
  targets: readonly StatsTarget[],
  latest: Map<string, ContainerStats>,
): Promise<readonly (ContainerStats | undefined)[]> {
  const samples = await Promise.all(targets.map(({ id }) => takeSample(client, id)));
  for (const found of samples) if (found !== undefined) latest.set(found.id, found);
  return samples;
}

/** Undefined for a container that does not run, or is gone since it was listed. */
async function takeSample(client: BerthClient, id: string): Promise<ContainerStats | undefined> {
  try {
    for await (const stats of client.containers.stats(id)) return stats;
  } catch (error) {
    if (!isKind(error, 'failed_precondition') && !isKind(error, 'not_found')) throw error;
  }
  return undefined;
}
