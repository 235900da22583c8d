import { readText } from './cgroup-file.ts';
import type { MemoryEntry, Pressure, PressureLine, RdmaEntry } from './event-stats.ts';

/** "No limit" where the kernel writes `max`, as runc prints it. */
export const unlimited = 2n ** 64n - 1n;

export const noMemory: MemoryEntry = { limit: 0n, usage: 0n, max: 0n, failcnt: 0n };

/** A file with one number, 0 when it is missing or empty. */
export async function readBig(path: string): Promise<bigint> {
  return (await readBigIfThere(path)) ?? 0n;
}

export async function readBigIfThere(path: string): Promise<bigint | undefined> {
  const text = await readText(path);
  if (text === 'max') return unlimited;
  return text !== undefined && /^-?[0-9]+$/.test(text) ? BigInt(text) : undefined;
}

/** Lines of `key value`. */
export async function readBigKeyed(path: string): Promise<Record<string, bigint>> {
  const lines = (await readText(path))?.split('\n') ?? [];
  return Object.fromEntries(
    lines.flatMap((line): [string, bigint][] => {
      const [key = '', value = ''] = line.split(/\s+/);
      return /^[0-9]+$/.test(value) ? [[key, BigInt(value)]] : [];
    }),
  );
}

/** Numbers in a row. */
export async function readBigRow(path: string): Promise<bigint[]> {
  return ((await readText(path)) ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(BigInt);
}

/** Lines of `mlx4_0 hca_handle=2 hca_object=max`. */
export async function readRdma(path: string): Promise<RdmaEntry[]> {
  const lines = (await readText(path))?.split('\n') ?? [];
  return lines.flatMap((line): RdmaEntry[] => {
    const [device = '', ...pairs] = line.split(' ');
    const values = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
    const value = (key: string) => (values.get(key) === 'max' ? 2n ** 32n - 1n : BigInt(values.get(key) ?? 0));
    return device === '' ? [] : [{ device, hca_handles: value('hca_handle'), hca_objects: value('hca_object') }];
  });
}

/** Undefined where the kernel has no PSI, or has it turned off (EOPNOTSUPP). */
export async function readPressure(path: string): Promise<Pressure | undefined> {
  const text = await readText(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EOPNOTSUPP' || error.code === 'ENOTSUP') return undefined;
    throw error;
  });
  return parsePressure(text);
}

/** Of the text of such a file; undefined when it is missing or empty. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  if (!text) return undefined;
  const lines = text.split('\n');
  const line = (name: string) => pressureLine(lines.find((one) => one.startsWith(`${name} `)) ?? '');
  return { some: line('some'), full: line('full') };
}

/** `some avg10=0.00 avg60=0.12 avg300=0.05 total=123`. */
function pressureLine(text: string): PressureLine {
  const value = (key: string) => new RegExp(`${key}=([0-9.]+)`).exec(text)?.[1] ?? '0';
  return {
    avg10: Number(value('avg10')),
    avg60: Number(value('avg60')),
    avg300: Number(value('avg300')),
    total: BigInt(value('total')),
  };
}
