import { constants, fstatSync, readSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { AT_FDCWD, O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '@berth/addon/flag';
import { BerthError } from '@berth/model/error';
import { LayerStack } from './layer-stack.ts';

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
  using stack = new LayerStack(
    layers.map((layer) => file.openat2(AT_FDCWD, layer, { flags: O_PATH | constants.O_DIRECTORY })),
  );
  const found = stack.resolve(path);
  if (found === undefined) return undefined;
  const fd = file.openIfThere(found.layer, found.path, {
    flags: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  });
  if (fd === undefined) return undefined;
  try {
    return fstatSync(fd).isFile() ? readWhole(fd, path, limit) : undefined;
  } finally {
    file.close(fd);
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
