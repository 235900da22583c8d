import { writeAtomically } from '../state/atomic-file.ts';

/** The number alone, no newline: conmon and containerd read the file as soon as it is there. */
export function writePidFile(path: string, pid: number): void {
  writeAtomically(path, String(pid), { mode: 0o644 });
}
