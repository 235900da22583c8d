/** A member of a tar archive. The kind follows from what is given: a body, a link, a device, or else a folder. */
export interface Member {
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly symlink?: string;
  readonly hardlink?: string;
  readonly device?: { readonly type: 'char' | 'block'; readonly major: number; readonly minor: number };
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
  /** Pax records for this member, such as `SCHILY.xattr.user.a`. */
  readonly pax?: Readonly<Record<string, string>>;
}

const block = 512;

/** A small writer of its own, so that a fault of the image package's writer cannot hide one of its parser. */
export function tar(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.flatMap(encode), Buffer.alloc(2 * block)]);
}

function encode(member: Member): Buffer[] {
  const body = Buffer.from(member.body ?? '');
  const longPath = Buffer.byteLength(member.path) > 100 ? { path: member.path } : {};
  const pax = Object.entries({ ...longPath, ...member.pax });
  const records = Buffer.concat(pax.map(([key, value]) => paxRecord(key, value)));
  const extra = pax.length === 0 ? [] : [header({ path: 'pax' }, 'x', records.length), padded(records)];
  return [...extra, header(member, typeOf(member), body.length), padded(body)];
}

function typeOf({ body, symlink, hardlink, device }: Member): string {
  if (hardlink !== undefined) return '1';
  if (symlink !== undefined) return '2';
  if (device !== undefined) return device.type === 'char' ? '3' : '4';
  return body === undefined ? '5' : '0';
}

/** The length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function padded(bytes: Buffer): Buffer {
  const over = bytes.length % block;
  return over === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(block - over)]);
}

function header(member: Member, type: string, size: number): Buffer {
  const out = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number) => {
    out.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  };
  out.write(Buffer.from(member.path).subarray(0, 100).toString('latin1'), 0, 'latin1');
  octal(member.mode ?? (type === '5' ? 0o755 : 0o644), 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(member.mtime ?? 1_700_000_000, 136, 12);
  out.write('        ', 148);
  out.write(type, 156);
  out.write(member.symlink ?? member.hardlink ?? '', 157, 100);
  out.write('ustar\x0000', 257);
  if (member.device !== undefined) {
    octal(member.device.major, 329, 8);
    octal(member.device.minor, 337, 8);
  }
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return out;
}
