/** A record of a CRI log file: one line of output, or a part of one. */
export interface LogRecord {
  /** RFC 3339 in UTC with nine digits. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** A part that another record, or nothing, completes: no newline follows its content. */
  readonly partial: boolean;
  readonly content: Uint8Array;
}

const space = 0x20;

/**
 * Parses one line without its newline (`TIME STREAM TAGS CONTENT`, the kubelet's log format).
 * Undefined when it is not one, as after a crash in the middle of a write.
 */
export function parseLogLine(line: Uint8Array): LogRecord | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  if (first < 0 || second < 0) return undefined;
  const third = line.indexOf(space, second + 1);
  const end = third < 0 ? line.length : third;
  const stream = ascii(line, first + 1, second);
  const tag = ascii(line, second + 1, end).split(':')[0];
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 'F' && tag !== 'P')) return undefined;
  return { time: ascii(line, 0, first), stream, partial: tag === 'P', content: line.subarray(end + 1) };
}

/** Nanoseconds since 1970 of a record's time. */
export function logTime(time: string): bigint {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9) || '0');
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
