import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import type { NamespaceMap } from './namespace.ts';
import { inContainer } from './step.ts';

/** HOST_NAME_MAX of the kernel, sethostname(2). */
const maxName = 64;

/** Host and domain name: they belong to the uts namespace, never to the host's. */
export function systemNameRecords(spec: RuntimeSpec, namespaces: NamespaceMap): PlanRecord[] {
  const records: PlanRecord[] = [];
  if (spec.hostname) {
    check(spec.hostname, 'hostname', namespaces);
    records.push(inContainer('sethostname', { name: spec.hostname }));
  }
  if (spec.domainname) {
    check(spec.domainname, 'domainname', namespaces);
    records.push(inContainer('setdomainname', { name: spec.domainname }));
  }
  return records;
}

function check(name: string, path: string, namespaces: NamespaceMap): void {
  if (!namespaces.has('uts')) throw invalid(path, 'needs a uts namespace');
  if (Buffer.byteLength(name) > maxName) throw invalid(path, `is longer than ${maxName} bytes`);
}
