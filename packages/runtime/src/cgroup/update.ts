import type { MemorySpec, ResourcesSpec } from '@berth/model/runtime-spec';
import { BerthError, isKind } from '@berth/model/error';
import { readText, writeValue } from './cgroup-file.ts';
import { cgroupFile } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { limitWrites } from './limit.ts';
import type { CgroupWrite } from './limit.ts';

/**
 * Changes the limits of a live cgroup. Which of two files must be written first depends on whether
 * the limit goes up or down (memory before memory plus swap, period before quota before burst), so what the
 * kernel refuses is tried once more when the rest is done. Device rules are left as they are.
 * Throws `invalid_argument` with the field, the file and the value that the kernel does not take, `not_found` for a file
 * that is not there, `failed_precondition` for a limit below what is in use (v1, and v2 with `checkBeforeUpdate`).
 */
export async function updateCgroup(layout: CgroupLayout, path: string, resources: ResourcesSpec): Promise<void> {
  const whole = layout.version === 2 ? await withCurrent(layout, path, resources) : resources;
  const writes = limitWrites(layout, path, whole);
  await checkUsage(layout, path, whole.memory ?? {});
  const refused = await writeAll(writes);
  const still = await writeAll(refused.map(({ write }) => write));
  // Soft writes are for what a kernel may lack; a limit that it has and refuses is not passed over.
  const hard = still.find(({ write, error }) => !(write.soft && isKind(error, 'not_found')));
  if (hard !== undefined) throw named(hard);
}

interface Refused {
  readonly write: CgroupWrite;
  readonly error: unknown;
}

async function writeAll(writes: readonly CgroupWrite[]): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const write of writes) {
    try {
      await writeValue(write.path, write.data);
    } catch (error) {
      refused.push({ write, error });
    }
  }
  return refused;
}

function named({ write, error }: Refused): unknown {
  if (write.field === undefined || !(error instanceof BerthError)) return error;
  return new BerthError(error.kind, `${write.field}: ${error.message}`, { code: error.code, cause: error });
}

/** v2 has two settings in one file, and swap apart from memory: what the update leaves out is taken from the cgroup. */
async function withCurrent(layout: CgroupLayout, path: string, resources: ResourcesSpec): Promise<ResourcesSpec> {
  const { cpu, memory } = resources;
  const read = async (file: string) => Number((await readText(cgroupFile(layout, path, file)))?.split(' ')[0]);
  const quota = cpu?.period && !cpu.quota ? await read('cpu.max') : NaN;
  const limit = memory?.swap && memory.swap > 0 && !memory.limit ? await read('memory.max') : NaN;
  return {
    ...resources,
    ...(cpu !== undefined && quota > 0 ? { cpu: { ...cpu, quota } } : {}),
    ...(memory !== undefined && limit > 0 ? { memory: { ...memory, limit } } : {}),
  };
}

/** v2 would push the container into swap or kill it, at once; v1 refuses such a limit by itself (EBUSY). */
async function checkUsage(layout: CgroupLayout, path: string, memory: MemorySpec): Promise<void> {
  const { limit, swap, checkBeforeUpdate } = memory;
  if (!checkBeforeUpdate || layout.version === 1) return;
  const usage = async (file: string) => BigInt((await readText(cgroupFile(layout, path, file))) || 0);
  const used = await usage('memory.current');
  if (limit && limit > 0 && used > BigInt(limit)) throw inUse('limit', limit, used);
  const both = used + (await usage('memory.swap.current'));
  if (swap && swap > 0 && both > BigInt(swap)) throw inUse('swap', swap, both);
}

function inUse(field: string, limit: number | bigint, used: bigint): BerthError {
  return new BerthError(
    'failed_precondition',
    `linux.resources.memory.${field}: ${limit} is below the ${used} in use`,
    {
      code: 'memory_in_use',
    },
  );
}
