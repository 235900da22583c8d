import { BerthError } from '@berth/model/error';

/**
 * Text of an archive as the kernel sees it: one character per byte (Latin-1). File names need not be
 * UTF-8, and an engine that decodes them creates other files than the layer says.
 */
export type ByteText = string;

export type EntryType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'folder' | 'fifo' | 'other';

/** One member of an archive, after PAX and GNU extensions were applied. */
export interface TarEntry {
  readonly type: EntryType;
  /** The type flag as stored; tells what `other` is. */
  readonly flag: string;
  /** As stored: not cleaned, may be absolute or hostile. */
  readonly name: ByteText;
  readonly linkName: ByteText;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: ByteText;
  readonly groupName: ByteText;
  /** Bytes of the file once it is written, holes included. */
  readonly size: number;
  /** Bytes of content in the archive, and where they start in it. */
  readonly storedSize: number;
  readonly offset: number;
  readonly mtime: TarTime;
  readonly atime?: TarTime;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** The data segments of a sparse file: offset, length, offset, length ... in ascending order. */
  readonly segments?: readonly number[];
}

/** `nanoseconds` is never negative: half a second before 1970 is -1 s and 500,000,000 ns. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Receives an archive in its order. Whatever it throws stops the parser. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** A piece of content and its place in the file. The bytes are only valid during the call. */
  data(bytes: Uint8Array, offset: number): void;
  /** After the last byte of every entry, those without content included. */
  end(): void;
}

/** Byte text for people and error messages. */
export function readable(text: ByteText): string {
  const shown = isAscii(text) ? text : Buffer.from(text, 'latin1').toString();
  const short = shown.length > 200 ? `${shown.slice(0, 200)}…` : shown;
  return JSON.stringify(short).slice(1, -1);
}

/** Byte text as system calls take it. */
export function kernelName(text: ByteText): string | Uint8Array {
  return isAscii(text) ? text : Buffer.from(text, 'latin1');
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

export function badTar(what: string): BerthError {
  return new BerthError('invalid_argument', `tar: ${what}`, { code: 'bad_tar' });
}
