import type { Resources } from '@berth/model/pod-config';
import type { ResourcesSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { hasHugepageLimits } from './host-look.ts';
import { resourcesSpec } from './resources.ts';

/** As `PodSpecs.update`. Device rules, and limits that the CRI has no words for, stay. */
export function updateSpec(
  spec: RuntimeSpec,
  now: Resources,
  change: Resources,
): { readonly spec: RuntimeSpec; readonly resources: Resources } {
  const resources = mergeResources(now, change);
  const { cpu: _cpu, memory: _memory, hugepageLimits: _pages, unified: _unified, ...kept } = spec.linux.resources ?? {};
  const limits: ResourcesSpec = { ...kept, ...resourcesSpec(resources, { hugepages: hasHugepageLimits() }) };
  const process = resources.oomScoreAdj === 0 ? spec.process : { ...spec.process, oomScoreAdj: resources.oomScoreAdj };
  return { resources, spec: { ...spec, process, linux: { ...spec.linux, resources: limits } } };
}

/** What `change` does not specify stays as it is. */
export function mergeResources(now: Resources, change: Resources): Resources {
  const memoryLimit = change.memoryLimit || now.memoryLimit;
  return {
    cpuPeriod: change.cpuPeriod || now.cpuPeriod,
    cpuQuota: change.cpuQuota || now.cpuQuota,
    cpuShares: change.cpuShares || now.cpuShares,
    memoryLimit,
    memorySwapLimit: change.memorySwapLimit || keptSwap(now.memorySwapLimit, memoryLimit),
    oomScoreAdj: change.oomScoreAdj || now.oomScoreAdj,
    cpusetCpus: change.cpusetCpus || now.cpusetCpus,
    cpusetMems: change.cpusetMems || now.cpusetMems,
    hugepageLimits: mergePages(now.hugepageLimits, change.hugepageLimits),
    unified: { ...now.unified, ...change.unified },
  };
}

/** A sum of memory and swap that the new memory limit alone exceeds has no swap left in it. */
function keptSwap(swap: number, memory: number): number {
  return swap > 0 && swap < memory ? memory : swap;
}

function mergePages(
  now: Resources['hugepageLimits'],
  change: Resources['hugepageLimits'],
): Resources['hugepageLimits'] {
  return [...new Map([...now, ...change].map((one) => [one.pageSize, one])).values()];
}
