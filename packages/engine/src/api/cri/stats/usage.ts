import type { MessageInitShape } from '@bufbuild/protobuf';
import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { CpuUse, FileSystemUse, InterfaceUse, MemoryUse, Psi } from '#service/pod-stats/contract';

/** A number that may be absent. */
const value = (number: bigint) => ({ value: number });

export function cpuUsage({ at, usage, nanoCores, psi }: CpuUse): MessageInitShape<typeof wire.CpuUsageSchema> {
  return {
    timestamp: at,
    usageCoreNanoSeconds: value(usage),
    ...(nanoCores === undefined ? {} : { usageNanoCores: value(nanoCores) }),
    ...psiStats(psi),
  };
}

export function memoryUsage(use: MemoryUse): MessageInitShape<typeof wire.MemoryUsageSchema> {
  return {
    timestamp: use.at,
    workingSetBytes: value(use.workingSet),
    ...(use.available === undefined ? {} : { availableBytes: value(use.available) }),
    usageBytes: value(use.usage),
    rssBytes: value(use.rss),
    pageFaults: value(use.pageFaults),
    majorPageFaults: value(use.majorPageFaults),
    ...psiStats(use.psi),
  };
}

export function ioUsage({ at, psi }: { readonly at: bigint; readonly psi?: Psi }) {
  return { timestamp: at, ...psiStats(psi) };
}

export function swapUsage(use: { readonly at: bigint; readonly available: bigint; readonly usage: bigint }) {
  return { timestamp: use.at, swapAvailableBytes: value(use.available), swapUsageBytes: value(use.usage) };
}

export function filesystemUsage({ at, mountpoint, bytes, inodes }: FileSystemUse) {
  return { timestamp: at, fsId: { mountpoint }, usedBytes: value(bytes), inodesUsed: value(inodes) };
}

export function interfaceUsage({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceUse) {
  return {
    name,
    rxBytes: value(rxBytes),
    rxErrors: value(rxErrors),
    txBytes: value(txBytes),
    txErrors: value(txErrors),
  };
}

function psiStats(psi: Psi | undefined): { readonly psi?: MessageInitShape<typeof wire.PsiStatsSchema> } {
  return psi === undefined ? {} : { psi: { Full: psiData(psi.full), Some: psiData(psi.some) } };
}

function psiData({ total, avg10, avg60, avg300 }: Psi['full']) {
  return { Total: total, Avg10: avg10, Avg60: avg60, Avg300: avg300 };
}
