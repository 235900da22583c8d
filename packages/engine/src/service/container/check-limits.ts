import os from 'node:os';
import { BerthError } from '@berth/model/error';
import type { ContainerConfig } from './contract.ts';

/** Bytes. With less, the start itself would be killed for want of memory (docker's bound). */
const leastMemory = 6 * 1024 * 1024;

type Limits = Pick<ContainerConfig, 'memory' | 'memorySwap' | 'memoryReservation' | 'nanoCpus'>;

/** Docker's bounds, told before anything is made. @throws invalid_argument (`bad_limit`) naming the limit */
export function checkLimits(limits: Limits, processors: number = os.availableParallelism()): void {
  checkMemory(limits);
  const { nanoCpus = 0 } = limits;
  if (nanoCpus !== 0 && (nanoCpus < 1e7 || nanoCpus > processors * 1e9)) {
    throw bad(`${nanoCpus / 1e9} cpus are out of range`, `this machine has ${processors}; the least is 0.01`);
  }
}

function checkMemory({ memory = 0, memorySwap = 0, memoryReservation = 0 }: Limits): void {
  if (memory !== 0 && memory < leastMemory) {
    throw bad(`a memory limit of ${memory} bytes is too low`, 'the least is 6 MiB');
  }
  if (memorySwap > 0 && memory === 0) throw bad('a limit of swap needs one of memory', 'give --memory too');
  if (memorySwap > 0 && memorySwap < memory) {
    throw bad('the limit of memory and swap is below that of memory alone', '--memory-swap counts both together');
  }
  if (memory !== 0 && memoryReservation > memory) {
    throw bad('the memory reservation is above the memory limit', '--memory-reservation is the softer, lower one');
  }
}

function bad(message: string, hint: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_limit', hint });
}
