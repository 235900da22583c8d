/** struct ifinfomsg of rtnetlink(7), bytes. */
export const linkSize = 16;

const IFF_UP = 1;

/** struct ifinfomsg: of a device, and whether to set it up or down. */
export function link(index: number, { up }: { readonly up?: boolean } = {}): Buffer {
  const fixed = Buffer.alloc(linkSize);
  fixed.writeInt32LE(index, 4);
  fixed.writeUInt32LE(up === true ? IFF_UP : 0, 8);
  fixed.writeUInt32LE(up === undefined ? 0 : IFF_UP, 12);
  return fixed;
}

/** The value of an attribute that is a number of 32 bits. */
export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The value of an attribute that is text, ended by NUL. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}
