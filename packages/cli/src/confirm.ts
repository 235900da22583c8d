import { BerthError } from '@berth/model/error';
import { printError } from './print/output.ts';
import { firstLine } from './first-line.ts';

/** Asks before something is removed. @throws failed_precondition (`not_confirmed`) unless the answer is yes */
export async function confirm(warning: string, what: string): Promise<void> {
  printError(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = (await firstLine(process.stdin)).trim().toLowerCase();
  if (answer === 'y' || answer === 'yes') return;
  throw new BerthError('failed_precondition', `${what} has been cancelled`, { code: 'not_confirmed' });
}
