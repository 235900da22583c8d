import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

/** bpf(2): `attributes` is the command's part of union bpf_attr, pointers from `address` of ./call. @throws SystemError */
export function bpf(command: number, attributes: Uint8Array): number {
  return outcome(syscall(SYS.bpf, command, attributes, attributes.length), 'bpf');
}
