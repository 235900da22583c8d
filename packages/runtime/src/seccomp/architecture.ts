import { invalid } from '../compile/invalid.ts';
import { numbers as aarch64 } from './gen/aarch64.ts';
import { numbers as arm } from './gen/arm.ts';
import { numbers as i386 } from './gen/i386.ts';
import { numbers as x64 } from './gen/x86-64.ts';
import { numbers as x32 } from './gen/x32.ts';
import { multiplexed } from './multiplexed.ts';

/** One system call interface that a filter can speak of. */
export interface Architecture {
  /** The name in a spec. */
  readonly name: string;
  /** AUDIT_ARCH_ as the kernel reports it, linux/audit.h. */
  readonly audit: number;
  readonly numbers: Readonly<Record<string, number>>;
  /** Arguments are compared in their low 32 bits only. */
  readonly narrow: boolean;
  /** The range of numbers that is its own; x32 shares its audit value with x86_64. */
  readonly first: number;
  readonly end: number;
  /** Numbers from here on are the architecture's private ones, not later calls. */
  readonly privateFrom: number;
  /** Calls that can also be made through socketcall(2) or ipc(2): that number and first argument. */
  readonly multiplexed: Readonly<Record<string, { readonly by: string; readonly code: number }>>;
}

/** Set in every x32 number, asm/unistd.h. */
const x32Bit = 0x4000_0000;
const all = 0x1_0000_0000;

const plain = { narrow: false, first: 0, end: all, privateFrom: all, multiplexed: {} };

export const architectures: readonly Architecture[] = [
  { ...plain, name: 'SCMP_ARCH_X86_64', audit: 0xc000_003e, numbers: x64, end: x32Bit },
  // x32 passes 64-bit registers, but libseccomp treats it as a 32-bit interface, and so do we.
  {
    ...plain,
    name: 'SCMP_ARCH_X32',
    audit: 0xc000_003e,
    numbers: x32,
    narrow: true,
    first: x32Bit,
  },
  {
    ...plain,
    name: 'SCMP_ARCH_X86',
    audit: 0x4000_0003,
    numbers: i386,
    narrow: true,
    multiplexed,
  },
  { ...plain, name: 'SCMP_ARCH_AARCH64', audit: 0xc000_00b7, numbers: aarch64 },
  {
    ...plain,
    name: 'SCMP_ARCH_ARM',
    audit: 0x4000_0028,
    numbers: arm,
    narrow: true,
    privateFrom: 0xf_0000,
  },
];

const nativeNames = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const;

/**
 * The architectures of a filter: the machine's own always, then those named. Names of machines that
 * we do not run on can never match and are passed over; unknown ones are `invalid_argument`.
 */
export function architecturesOf(names: readonly string[] | undefined, native: 'x64' | 'arm64'): Architecture[] {
  names?.forEach((name, index) => {
    if (
      !/^SCMP_ARCH_(X86_64|X86|X32|AARCH64|ARM|MIPS\w*|PPC\w*|S390X?|PARISC\w*|RISCV64|LOONGARCH64|M68K|SHEB?)$/.test(
        name,
      )
    ) {
      throw invalid(`linux.seccomp.architectures[${index}]`, `unknown architecture ${name}`);
    }
  });
  const wanted = new Set([nativeNames[native], ...(names ?? [])]);
  return architectures.filter(({ name }) => wanted.has(name));
}
