import type { PodContainerConfig } from '@berth/model/pod-config';
import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { badField } from '../field.ts';

/** Values are bytes: of any file that a ConfigMap holds. What is not UTF-8 goes on a character a byte. */
export function environment(envs: readonly wire.KeyValue[], path: string): PodContainerConfig['envs'] {
  return envs.map(({ key, value }, at) => {
    if (key === '' || /[=\0]/.test(key))
      throw badField(`${path}[${at}].key`, `is '${key}'`, 'a name that is not empty and has neither = nor NUL');
    if (value.includes(0)) throw badField(`${path}[${at}].value`, 'holds a NUL');
    return { key, value: textOf(value) };
  });
}

function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // Whatever is not UTF-8 was replaced by U+FFFD, and does not come back as it was.
  return text.includes('\uFFFD') && !Buffer.from(text).equals(buffer) ? buffer.toString('latin1') : text;
}
