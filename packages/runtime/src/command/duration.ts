import { BerthError } from '@berth/model/error';

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A length of time as Go writes it, `1h2m3.5s`, in milliseconds. @throws invalid_argument */
export function durationOf(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  const whole = parts.map(([part]) => part).join('');
  if (text === '0') return 0;
  if (parts.length === 0 || whole !== text.replace(/^[-+]/, '')) {
    throw new BerthError('invalid_argument', `not a length of time: ${JSON.stringify(text)}`, {
      code: 'bad_flag',
      hint: 'such as 5s or 1m30s',
    });
  }
  const sum = parts.reduce((total, [, amount, unit]) => total + Number(amount) * milliseconds[unit!]!, 0);
  return text.startsWith('-') ? -sum : sum;
}
