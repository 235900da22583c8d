import { createHash } from 'node:crypto';
import type { Security, SelinuxOptions } from '@berth/model/pod-config';
import { badField } from './field-error.ts';

/** Labels of a container: of its processes, and of its files. */
export interface SelinuxLabels {
  readonly process: string;
  readonly mount: string;
}

/** What container-selinux, the policy of every distribution that has SELinux on, calls containers and their files. */
const usual = { user: 'system_u', role: 'system_r', type: 'container_t' };
const fileContext = 'system_u:object_r:container_file_t';
const categories = 1024;

/**
 * Undefined where SELinux is off, and for privileged containers, whose processes keep the engine's domain. All of a pod
 * have one level, or they could not share files; a pod that names none gets one made of its id, which a restarted engine
 * finds again without having kept it.
 * @throws invalid_argument
 */
export function selinuxLabels(
  { selinux, privileged }: Pick<Security, 'selinux' | 'privileged'>,
  pod: { readonly id: string; readonly selinux?: SelinuxOptions },
  enabled: boolean,
): SelinuxLabels | undefined {
  for (const options of [selinux, pod.selinux]) if (options !== undefined) check(options);
  if (!enabled || privileged) return undefined;
  const asked = selinux ?? pod.selinux;
  const level = asked?.level || pod.selinux?.level || levelOf(pod.id);
  const [user, role, type] = [asked?.user || usual.user, asked?.role || usual.role, asked?.type || usual.type];
  return { process: `${user}:${role}:${type}:${level}`, mount: `${fileContext}:${level}` };
}

/** Two different categories, in order. */
function levelOf(id: string): string {
  const hash = createHash('sha256').update(id).digest();
  const first = hash.readUInt32BE(0) % categories;
  const second = (first + 1 + (hash.readUInt32BE(4) % (categories - 1))) % categories;
  const [low, high] = [Math.min(first, second), Math.max(first, second)];
  return `s0:c${low},c${high}`;
}

function check({ user, role, type, level }: SelinuxOptions): void {
  for (const [name, value] of Object.entries({ user, role, type })) {
    if (/[\s:]/.test(value)) throw badField(`linux.security_context.selinux_options.${name}`, `not a name: ${value}`);
  }
  if (/[\s]/.test(level)) throw badField('linux.security_context.selinux_options.level', `not a level: ${level}`);
}
