import { asError, BerthError } from '@berth/model/error';
import { ClosedOutput, printError } from './print/output.ts';

/** Tells the user what went wrong and, where there is something, what to do next. @throws ClosedOutput, as it came */
export function reportError(error: unknown): void {
  if (error instanceof ClosedOutput) throw error;
  printError(`berth: ${asError(error).message}\n`);
  if (error instanceof BerthError && error.hint !== undefined) printError(`hint: ${error.hint}\n`);
  if (process.env['BERTH_DEBUG'] === '1') printError(`${asError(error).stack}\n`);
}
