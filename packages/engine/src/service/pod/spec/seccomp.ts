import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import type { Security, SecurityProfile } from '@berth/model/pod-config';
import type { SeccompSpec } from '@berth/model/runtime-spec';
import { seccompFor } from '@berth/runtime/defaults/seccomp-choice';
import { hostSpecFacts } from '@berth/runtime/defaults/spec';
import { parseSeccompProfile, type SeccompProfile } from '@berth/runtime/seccomp/profile';
import { badField } from './field-error.ts';

const field = 'linux.security_context.seccomp';
let machine: ReturnType<typeof hostSpecFacts> | undefined;

/**
 * The filter that is asked for; a privileged container has none whatever is asked.
 * @throws invalid_argument, failed_precondition (`no_seccomp_profile`: the file is not there)
 */
export function seccompOf(
  security: Security,
  unset: 'unconfined' | 'runtime-default',
  capabilities: readonly string[],
): SeccompSpec | undefined {
  const { seccomp: profile = { type: unset, ref: '' }, privileged } = security;
  checkRef(profile);
  if (privileged || profile.type === 'unconfined') return undefined;
  const seccomp = profile.type === 'localhost' ? readProfile(profile.ref) : 'default';
  machine ??= hostSpecFacts();
  return seccompFor({ rootPath: '', args: [], seccomp }, capabilities, machine);
}

/**
 * Refuses a profile that could not be had, where none is set up: the sandbox's own process needs no filter, but who asks for
 * one for his pod is told at once, and not by each of its containers. @throws as `seccompOf`
 */
export function checkSeccomp({ seccomp, privileged }: Security): void {
  if (seccomp === undefined) return;
  checkRef(seccomp);
  if (!privileged && seccomp.type === 'localhost') readProfile(seccomp.ref);
}

function checkRef({ type, ref }: SecurityProfile): void {
  if (type !== 'localhost') {
    if (ref !== '') throw badField(`${field}.localhost_ref`, 'is for profiles of type Localhost only');
  } else if (!path.isAbsolute(ref)) throw badField(`${field}.localhost_ref`, `not an absolute path: '${ref}'`);
}

function readProfile(file: string): SeccompProfile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BerthError('failed_precondition', `${field}.localhost_ref: ${file} cannot be read: ${errnoName(cause)}`, {
      code: 'no_seccomp_profile',
      hint: 'put the profile there on this node; kubelet looks below its own seccomp folder',
      cause,
    });
  }
  return parseSeccompProfile(text);
}
