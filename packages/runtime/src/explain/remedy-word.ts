import type { ErrorKind } from '@berth/model/error';
import type { RecordKind } from '../plan/layout.ts';
import type { PlanRecord } from '../plan/record.ts';

/** What a failed record means to the user. */
export interface Remedy {
  readonly kind: ErrorKind;
  readonly message: string;
  /** What to do next, where there is such a thing. */
  readonly hint?: string;
  /** docker's exit codes for a program that cannot be run: 127 not found, 126 not runnable. */
  readonly exitCode?: number;
}

/** `errno` by its name; a number where it has none. */
export type Explain<K extends RecordKind> = (record: PlanRecord<K>, errno: string) => Remedy | undefined;
export type Remedies = { readonly [K in RecordKind]?: Explain<K> };

export function refused(errno: string, what: string): Remedy | undefined {
  if (errno !== 'EPERM' && errno !== 'EACCES') return undefined;
  return {
    kind: 'permission_denied',
    message: `${what} is not permitted`,
    hint: 'berthd needs to run as root, with all capabilities',
  };
}

export function invalidOption(errno: string, message: string): Remedy | undefined {
  return errno === 'EINVAL' || errno === 'ENODEV' ? bad(message, 'the kernel log (dmesg) may say more') : undefined;
}

export function bad(message: string, hint: string): Remedy {
  return { kind: 'invalid_argument', message, hint };
}

export function gone(message: string, hint: string): Remedy {
  return { kind: 'not_found', message, hint };
}

/** What the host lacks or has switched off. */
export function lacking(message: string, hint: string): Remedy {
  return { kind: 'failed_precondition', message, hint };
}
