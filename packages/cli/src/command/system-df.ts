import type { ContainerSummary, DiskUse, ImageSummary } from '@berth/wire/native/api';
import { type CommandCall, defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { splitName } from '../image-row.ts';
import { decimalSize } from '../print/human-size.ts';
import { humanSince } from '../print/human-time.ts';
import { print } from '../print/output.ts';
import { printRows, type Row } from '../print/rows.ts';
import { shortId } from '../print/short-id.ts';

const flagTable = {
  format: textFlag("Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
  verbose: switchFlag('Show what each image takes', { short: 'v' }),
};

/** The parts add up to what du(1) says of the daemon's root folder. */
export const command = defineCommand({
  usage: 'system df [OPTIONS]',
  flags: flagTable,
  arguments: { least: 0, most: 0 },
  async run({ flags: { format, verbose }, client }: CommandCall<typeof flagTable>) {
    const [use, containers] = await Promise.all([client.system.diskUse(), client.containers.list({ all: true })]);
    if (!verbose) return await printRows(partRows(use, containers), { format, columns: partColumns });
    const images = await client.images.list();
    if (format === undefined) print('Images space usage:\n\n');
    await printRows(imageRows(use, images, Date.now()), { format, columns: imageColumns });
    if (format !== undefined) return;
    print('\n');
    await printRows(partRows(use, containers), { format, columns: partColumns });
  },
});

const partColumns = [
  ['TYPE', 'Type'],
  ['TOTAL', 'TotalCount'],
  ['ACTIVE', 'Active'],
  ['SIZE', 'Size'],
  ['RECLAIMABLE', 'Reclaimable'],
] as const;

interface Part {
  readonly type: string;
  readonly total?: number;
  readonly active?: number;
  readonly bytes: number;
  readonly reclaimable?: number;
}

function partRows(use: DiskUse, containers: readonly ContainerSummary[]): readonly Row[] {
  const { content, layers, ingests, images, other, total } = use;
  const held = images.reduce((sum, { reclaimable }) => sum + reclaimable, 0);
  const live = containers.filter(({ status }) => status === 'running' || status === 'paused').length;
  const parts: readonly Part[] = [
    {
      type: 'Images',
      total: images.length,
      active: images.filter((image) => image.containers > 0).length,
      bytes: content.bytes + layers.bytes,
      // Of what images share nothing goes with one of them alone.
      reclaimable: held + content.reclaimable + layers.reclaimable,
    },
    { type: 'Containers', total: use.containers.count, active: live, bytes: use.containers.bytes },
    { type: 'Broken transfers', total: ingests.count, active: 0, bytes: ingests.bytes, reclaimable: ingests.bytes },
    { type: 'Records', bytes: other.bytes },
    { type: 'All', bytes: total },
  ];
  return parts.map(partRow);
}

function partRow({ type, total, active, bytes, reclaimable }: Part): Row {
  return {
    Type: type,
    TotalCount: String(total ?? ''),
    Active: String(active ?? ''),
    Size: decimalSize(bytes),
    Reclaimable: reclaimable === undefined ? '' : `${decimalSize(reclaimable)}${share(reclaimable, bytes)}`,
  };
}

/** As docker: the percentage where there is something to take it of. */
function share(part: number, whole: number): string {
  return whole === 0 ? '' : ` (${Math.min(100, Math.floor((part / whole) * 100))}%)`;
}

const imageColumns = [
  ['REPOSITORY', 'Repository'],
  ['TAG', 'Tag'],
  ['IMAGE ID', 'ID'],
  ['CREATED', 'CreatedSince'],
  ['SIZE', 'Size'],
  ['SHARED SIZE', 'SharedSize'],
  ['UNIQUE SIZE', 'UniqueSize'],
  ['CONTAINERS', 'Containers'],
] as const;

function imageRows(use: DiskUse, images: readonly ImageSummary[], now: number): readonly Row[] {
  const created = new Map(images.map(({ id, createdAt }) => [id, createdAt]));
  return use.images.map(({ id, names, unique, shared, containers }) => {
    const { repository, tag } = splitName(names[0] ?? '<none>');
    return {
      Repository: repository,
      Tag: tag,
      ID: shortId(id),
      CreatedSince: humanSince(created.get(id) ?? '', now) || 'N/A',
      Size: decimalSize(unique + shared),
      SharedSize: decimalSize(shared),
      UniqueSize: decimalSize(unique),
      Containers: String(containers),
    };
  });
}
