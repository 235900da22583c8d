import { posix } from 'node:path';

/** Whether a path lies in a folder, not being the folder itself. */
export function isBelow(folder: string, path: string): boolean {
  return posix.normalize(path).startsWith(`${folder === '/' ? '' : folder}/`);
}

/** Spaces and the like are `\040` in mountinfo, proc_pid_mountinfo(5). */
export function unescapeMountPath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
