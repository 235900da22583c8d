import { BerthError, type ErrorKind } from '@berth/model/error';
import type { FailedStart } from '../contract.ts';

interface Meaning {
  readonly words: RegExp;
  readonly kind: ErrorKind;
  readonly code: string;
  readonly exitCode: number;
}

/** What runtimes say, in the words of runc, crun and youki, and what docker makes of it. */
const meanings: readonly Meaning[] = [
  {
    words: /executable file .*not found|exec: .*no such file or directory|no such program/i,
    kind: 'failed_precondition',
    code: 'command_not_found',
    exitCode: 127,
  },
  {
    words:
      /exec:? .*(permission denied|is a directory|exec format error)|executable .*permission denied|cannot run .*EACCES/i,
    kind: 'permission_denied',
    code: 'command_not_executable',
    exitCode: 126,
  },
  { words: /\b(id|ID) already (exists|in use)/, kind: 'already_exists', code: 'id_in_use', exitCode: 128 },
  { words: /not paused/, kind: 'failed_precondition', code: 'not_paused', exitCode: 128 },
  {
    words: /does not exist|container not running|not running|no such process|is stopped/i,
    kind: 'failed_precondition',
    code: 'not_running',
    exitCode: 128,
  },
];

/** A start that a command refused. */
export function startRefused(runtime: string, text: string, cause?: unknown): FailedStart {
  const meaning = meanings.find(({ words, exitCode }) => exitCode !== 128 && words.test(text));
  const { kind, code, exitCode } = meaning ?? {
    kind: 'failed_precondition',
    code: 'start_failed',
    exitCode: 128,
  };
  return { error: new BerthError(kind, `${runtime}: ${text}`, { code, cause }), exitCode };
}

/** A verb on a container that a command refused. */
export function verbRefused(runtime: string, text: string, cause?: unknown): BerthError {
  const { kind, code } = meanings.find(({ words }) => words.test(text)) ?? {
    kind: 'failed_precondition',
    code: 'runtime_failed',
  };
  return new BerthError(kind, `${runtime}: ${text}`, { code, cause });
}
