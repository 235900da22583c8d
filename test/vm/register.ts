import type { Case } from '../conformance/suite/case.ts';
import { registerSuite } from '../conformance/suite/register.ts';
import type { Runtime } from '../conformance/suite/runtime.ts';

/** Makes tests of cases inside the machine. With systemd each container is a scope of its. */
export function register(
  { runtime, systemd }: { readonly runtime: Runtime; readonly systemd: boolean },
  topics: ReadonlyMap<string, readonly Case[]>,
): void {
  if (!systemd) return registerSuite(runtime, topics);
  const scopes = [...topics].map(([topic, cases]) => [topic, cases.map(inScope)] as const);
  registerSuite({ ...runtime, command: [...runtime.command, '--systemd-cgroup'] }, new Map(scopes));
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
