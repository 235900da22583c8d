import { existsSync } from 'node:fs';
import path from 'node:path';
import { findRunc } from '../conformance/suite/find-runc.ts';

/** A program with runc's command line that containerd and podman are given. */
export interface RuntimeBinary {
  readonly name: string;
  readonly program: string;
}

const own = path.join(import.meta.dirname, '../../bin/berth-oci');

/** runc first: with it the harness itself is proven, so that a failure with ours is ours. */
export async function runtimeBinaries(): Promise<RuntimeBinary[]> {
  const runc = (await findRunc())?.command[0];
  return [
    ...(runc !== undefined && path.isAbsolute(runc) ? [{ name: 'runc', program: runc }] : []),
    ...(existsSync(own) ? [{ name: 'berth-oci', program: own }] : []),
  ];
}
