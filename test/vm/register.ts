import path from 'node:path';
import type { Case } from '../conformance/suite/case.ts';
import { registerSuite } from '../conformance/suite/register.ts';
import type { Runtime } from '../conformance/suite/runtime.ts';

/** Makes tests of cases inside the machine. With systemd each container is a scope of its. */
export function register(
  { runtime, systemd }: { readonly runtime: 'runc' | 'berth-oci'; readonly systemd: boolean },
  topics: ReadonlyMap<string, readonly Case[]>,
): void {
  const flags = systemd ? ['--systemd-cgroup'] : [];
  const chosen: Runtime =
    runtime === 'runc'
      ? { name: 'runc', command: ['/opt/peers/runc-1.5', ...flags], runcVersion: [1, 5] }
      : { name: 'berth-oci', command: [path.join(import.meta.dirname, '../../../bin/berth-oci'), ...flags] };
  const all = [...topics].map(([topic, cases]) => [topic, systemd ? cases.map(inScope) : cases] as const);
  registerSuite(chosen, new Map(all));
}

function inScope(each: Case): Case {
  return {
    ...each,
    spec: (spec, box) => {
      spec.linux.cgroupsPath = `system.slice:berth:${box.id}`;
      each.spec?.(spec, box);
    },
  };
}
