import { BerthError } from '@berth/model/error';
import type { ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import type { ProcessFacts } from './facts.ts';
import { inContainer } from './step.ts';

/**
 * The security module's label for the program, told to the kernel ahead of the execve. Written while /proc is the
 * host's: an image could make its own /proc/self/attr a file that swallows the label.
 */
export function labelRecords(process: ProcessSpec, facts: ProcessFacts): PlanRecord[] {
  const { apparmorProfile, selinuxLabel } = process;
  const records: PlanRecord[] = [];
  if (apparmorProfile && !(apparmorProfile === 'unconfined' && !facts.apparmor)) {
    if (!facts.apparmor) throw missing('process.apparmorProfile', 'AppArmor');
    records.push(writeAttribute('apparmor/exec', `exec ${apparmorProfile}`));
  }
  if (selinuxLabel) {
    if (!facts.selinux) throw missing('process.selinuxLabel', 'SELinux');
    records.push(writeAttribute('exec', selinuxLabel));
  }
  return records;
}

/** The option that labels all of a new file system, mount(8) `context`; empty without a label. */
export function mountLabel(spec: RuntimeSpec, facts: ProcessFacts): readonly string[] {
  const label = spec.linux.mountLabel;
  if (!label) return [];
  if (!facts.selinux) throw missing('linux.mountLabel', 'SELinux');
  return [`context=${label}`];
}

function writeAttribute(name: string, data: string): PlanRecord {
  return inContainer('write_file', { path: `/proc/self/attr/${name}`, data });
}

function missing(path: string, module: string): BerthError {
  return new BerthError('failed_precondition', `${path}: this host has no ${module}`, {
    code: 'no_security_module',
    hint: `leave the field out, or boot the kernel with ${module}`,
  });
}
