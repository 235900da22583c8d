import type { SeccompSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { compileSeccomp } from '../seccomp/compile.ts';
import type { Architecture } from './facts.ts';
import { inContainer } from './step.ts';

/** The system call filter, if the spec has one. Where it goes is for the credentials to say. */
export function filterRecords(
  seccomp: SeccompSpec | undefined,
  architecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'x64',
): PlanRecord[] {
  if (seccomp === undefined) return [];
  const { flags, program } = compileSeccomp(seccomp, architecture);
  return [inContainer('seccomp', { flags, program })];
}
