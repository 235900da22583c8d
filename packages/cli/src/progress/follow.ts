import { BerthError } from '@berth/model/error';
import type { ProgressEvent } from '@berth/wire/native/api';
import type { ProgressMode } from './display.ts';
import { openDisplay } from './open-display.ts';

type Outcome = 'done' | 'pulled' | 'pushed';

/**
 * Shows the events of an operation of the daemon, to the one that has its result.
 * @throws what ended the events; internal when they end without a result
 */
export async function followProgress<K extends Outcome>(
  events: AsyncIterable<ProgressEvent>,
  { mode, outcome }: { readonly mode: ProgressMode; readonly outcome: K },
): Promise<NonNullable<ProgressEvent[K]>> {
  using display = openDisplay(mode);
  for await (const event of events) {
    const result = event[outcome];
    if (result !== undefined) {
      display.finish?.(event);
      return result;
    }
    display.show(event);
  }
  throw new BerthError('internal', 'the daemon ended its report without a result', { code: 'bad_answer' });
}
