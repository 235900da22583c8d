import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { BerthError } from '@berth/model/error';
import { LayerStack, lookInLayer } from './layer-stack.ts';

/**
 * A regular file of a stack of layers, as overlayfs would show it, without a mount: whiteouts hide, folders merge
 * unless they are opaque, links are followed inside the stack. `layers` are folders, top first. Undefined when
 * there is no such file, or when it is not a regular one.
 *
 * A container may run in the topmost layer meanwhile: every step is an openat2(2) that follows no link and cannot
 * leave its layer, so nothing that changes there leads anywhere else.
 *
 * @throws resource_exhausted (`file_too_large`) above `limit` bytes, failed_precondition (`too_many_links`)
 */
export function readFileInLayers(layers: readonly string[], path: string, limit: number): Uint8Array | undefined {
  using stack = LayerStack.open(layers);
  const found = stack.resolve(path);
  const place = found === undefined ? undefined : lookInLayer(found.layer, found.path);
  if (place === undefined) return undefined;
  try {
    // Looked at before it is opened: opening a device or a pipe does things.
    return fstatSync(place).isFile() ? readPlace(place, path, limit) : undefined;
  } finally {
    file.close(place);
  }
}

/** Opens what an `O_PATH` descriptor stands for, whatever its name leads to by now. */
function readPlace(place: number, path: string, limit: number): Uint8Array {
  const fd = openSync(`/proc/self/fd/${place}`, 'r');
  try {
    return readWhole(fd, path, limit);
  } finally {
    closeSync(fd);
  }
}

function readWhole(fd: number, path: string, limit: number): Uint8Array {
  const { size } = fstatSync(fd);
  // One byte more tells a file that grew.
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, limit) + 1);
  let done = 0;
  for (let got = -1; got !== 0 && done < buffer.length; done += got)
    got = readSync(fd, buffer, done, buffer.length - done, done);
  if (size > limit || done > limit) {
    throw new BerthError('resource_exhausted', `${path} is larger than ${limit} bytes`, { code: 'file_too_large' });
  }
  return buffer.subarray(0, done);
}
