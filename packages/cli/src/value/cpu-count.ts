import { BerthError } from '@berth/model/error';

/** Billionths of a core of `0.5`, `2`, `.25`. @throws invalid_argument */
export function parseCpus(text: string): number {
  const [, whole, fraction = ''] = /^(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === undefined || whole + fraction === '') {
    throw new BerthError('invalid_argument', `'${text}' is not a number of cores`, { hint: 'write 0.5 or 2' });
  }
  if (fraction.length > 9) throw new BerthError('invalid_argument', 'a number of cores has at most nine decimals');
  const nano = Number(whole + fraction.padEnd(9, '0'));
  if (Number.isSafeInteger(nano)) return nano;
  throw new BerthError('invalid_argument', `'${text}' cores are too many`);
}
