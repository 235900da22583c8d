import type { ResourcesSpec } from '@berth/model/runtime-spec';
import { writeValue } from './cgroup-file.ts';
import type { CgroupLayout } from './layout.ts';
import { limitWrites } from './limit.ts';
import type { CgroupWrite } from './limit.ts';

/**
 * Changes the limits of a live cgroup. Which of two files must be written first depends on whether
 * the limit goes up or down (memory before memory plus swap, period before quota), so what the
 * kernel refuses is tried once more when the rest is done. Device rules are left as they are.
 * Throws `invalid_argument` with the file and the value that the kernel does not take.
 */
export async function updateCgroup(layout: CgroupLayout, path: string, resources: ResourcesSpec): Promise<void> {
  const refused = await writeAll(limitWrites(layout, path, resources));
  const still = await writeAll(refused.map(({ write }) => write));
  const hard = still.find(({ write }) => !write.soft);
  if (hard !== undefined) throw hard.error;
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
