import type { Integer64, ResourcesSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

const sizes = ['limit', 'reservation', 'swap', 'kernel', 'kernelTCP'] as const;

/** Absent, 0 and -1 are no limit. */
function isLimit(value: Integer64 | undefined): value is Integer64 {
  return value !== undefined && value > 0;
}

const pageUnits: Readonly<Record<string, bigint>> = { K: 1n << 10n, M: 1n << 20n, G: 1n << 30n };

/** Bytes of `2MB`; undefined for what is no size of a page. */
function pageBytes(text: string): bigint | undefined {
  const { count, unit } = /^(?<count>[1-9]\d{0,15})(?<unit>[KMG])B$/.exec(text)?.groups ?? {};
  const bytes = count === undefined ? 0n : BigInt(count) * (pageUnits[unit ?? ''] ?? 0n);
  // A power of two has one bit.
  return bytes > 0n && (bytes & (bytes - 1n)) === 0n ? bytes : undefined;
}

export const memoryRules: readonly Rule<ResourcesSpec>[] = [
  {
    code: 'spec.memory_negative',
    meaning: 'a size of memory is below -1',
    remedy: 'give bytes, or -1 for no limit',
    *find({ memory = {} }) {
      for (const size of sizes) if ((memory[size] ?? 0) < -1) yield at(`memory.${size}`, `${memory[size]} is no size`);
    },
  },
  {
    code: 'spec.memory_swap_below_limit',
    meaning: '`memory.swap`, which is memory plus swap, is below `memory.limit`',
    remedy: 'make swap at least the limit; equal means no swap, -1 no bound of swap',
    *find({ memory: { limit, swap } = {} }) {
      if (isLimit(limit) && isLimit(swap) && swap < limit) {
        yield at('memory.swap', `memory plus swap, ${swap}, is below the memory limit ${limit}`);
      }
    },
  },
  {
    code: 'spec.memory_swap_with_unlimited',
    meaning: '`memory.swap` is bounded while `memory.limit` is -1',
    remedy: 'give a limit of memory too, or make swap -1',
    *find({ memory: { limit, swap } = {} }) {
      if (limit !== undefined && limit < 0 && isLimit(swap)) yield at('memory.swap', 'needs a bounded memory limit');
    },
  },
  {
    code: 'spec.memory_swappiness_range',
    meaning: '`memory.swappiness` is above 100',
    remedy: 'give a number from 0 to 100',
    *find({ memory: { swappiness = 0 } = {} }) {
      if (swappiness > 100) yield at('memory.swappiness', `${swappiness} is above 100`);
    },
  },
  {
    code: 'spec.memory_reservation_above_limit',
    level: 'warning',
    meaning: '`memory.reservation` is above `memory.limit`, so it has no effect',
    remedy: 'lower the reservation',
    *find({ memory: { limit, reservation } = {} }) {
      if (isLimit(limit) && isLimit(reservation) && reservation > limit) {
        yield at('memory.reservation', 'is above the memory limit');
      }
    },
  },
  {
    code: 'spec.memory_kernel_deprecated',
    level: 'warning',
    meaning: '`memory.kernel` and `memory.kernelTCP` are deprecated, and ignored by new kernels',
    remedy: 'remove them',
    *find({ memory = {} }) {
      for (const size of ['kernel', 'kernelTCP'] as const) {
        if (memory[size] !== undefined) yield at(`memory.${size}`, 'is deprecated and ignored');
      }
    },
  },
  {
    code: 'spec.hugepage_size',
    meaning: 'the `pageSize` of a hugepage limit is no power of two with KB, MB or GB',
    remedy: 'write it as 2MB or 1GB; /sys/kernel/mm/hugepages has the sizes of this machine',
    *find({ hugepageLimits = [] }) {
      for (const [index, { pageSize }] of hugepageLimits.entries()) {
        if (pageBytes(pageSize) === undefined)
          yield at(`hugepageLimits[${index}].pageSize`, `'${pageSize}' is no page size`);
      }
    },
  },
  {
    code: 'spec.hugepage_duplicate',
    meaning: 'two hugepage limits are for the same page size',
    remedy: 'keep one',
    *find({ hugepageLimits = [] }) {
      const seen = hugepageLimits.map(({ pageSize }) => pageBytes(pageSize));
      for (const [index, bytes] of seen.entries()) {
        if (bytes !== undefined && seen.indexOf(bytes) < index) {
          yield at(`hugepageLimits[${index}].pageSize`, `is already in hugepageLimits[${seen.indexOf(bytes)}]`);
        }
      }
    },
  },
];
