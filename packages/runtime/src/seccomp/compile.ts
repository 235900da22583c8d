import type { SeccompSpec } from '@berth/model/runtime-spec';

/** A filter as seccomp(2) takes it. */
export interface SeccompProgram {
  /** SECCOMP_FILTER_FLAG_ bits. */
  readonly flags: number;
  /** struct sock_filter each, little endian. */
  readonly program: Uint8Array;
}

export function compileSeccomp(_spec: SeccompSpec, _architecture: 'x64' | 'arm64'): SeccompProgram {
  return { flags: 0, program: new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]) };
}
