import { BerthError } from '@berth/model/error';

/** Milliseconds of each unit of a `grpc-timeout` (PROTOCOL-HTTP2.md, "Timeout"). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** More than a timer of Node can wait, 24 days. */
const forever = 2 ** 31 - 1;

/** Milliseconds that a client waits for its answer; undefined when it waits for ever. @throws invalid_argument */
export function parseTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  if (digits === undefined || unit === undefined) {
    throw new BerthError('invalid_argument', `grpc-timeout is no time: ${header.slice(0, 40)}`, {
      code: 'bad_timeout',
    });
  }
  const milliseconds = Number(digits) * units[unit]!;
  return milliseconds > forever ? undefined : milliseconds;
}
