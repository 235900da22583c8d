import type { ProcessSpec, ResourcesSpec } from '@berth/model/runtime-spec';
import { validateProcess, validateResources } from '../validate/validate.ts';
import type { Validated } from '../validate/validate.ts';
import { parseJson } from './json-text.ts';
import { readDescriptor, readText } from './read-text.ts';

/** The process of `exec --process FILE`; a pipe will do. Throws as `readBundle` does. */
export function readProcess(path: string): Validated<ProcessSpec> {
  return validateProcess(parseJson(readText(path, { pipe: true }), path));
}

/** The limits of `update --resources FILE`; `-` is standard input. Throws as `readBundle` does. */
export function readResources(path: string): Validated<ResourcesSpec> {
  const name = path === '-' ? 'standard input' : path;
  // By its number: a socket cannot be opened again through /proc.
  const text = path === '-' ? readDescriptor(0, name) : readText(path, { pipe: true });
  return validateResources(parseJson(text, name));
}
