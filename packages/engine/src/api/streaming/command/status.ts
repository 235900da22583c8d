/** How a command ended, or why it could not be run. */
export type CommandOutcome = { readonly exitCode: number } | { readonly error: Error };

/** `json`: the Status of Kubernetes' API, from version 4 of the protocol on; `plain`: the words of an error, or nothing. */
export type StatusFormat = 'json' | 'plain';

/** What is written to the error stream; empty: nothing. */
export function statusText(outcome: CommandOutcome, format: StatusFormat): string {
  if (format === 'plain') return 'error' in outcome || outcome.exitCode !== 0 ? message(outcome) : '';
  return JSON.stringify(status(outcome));
}

function status(outcome: CommandOutcome): object {
  if ('error' in outcome) {
    return { status: 'Failure', message: message(outcome), reason: 'InternalError', code: 500 };
  }
  if (outcome.exitCode === 0) return { status: 'Success' };
  const causes = [{ reason: 'ExitCode', message: String(outcome.exitCode) }];
  return { status: 'Failure', message: message(outcome), reason: 'NonZeroExitCode', details: { causes } };
}

function message(outcome: CommandOutcome): string {
  return 'error' in outcome ? outcome.error.message : `command terminated with exit code ${outcome.exitCode}`;
}
