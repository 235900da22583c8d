import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Becomes the program where Node can do that, else runs it as a child and ends as it ended. */
export function execute(program, args) {
  if (typeof process.execve === 'function') process.execve(program, [program, ...args], process.env);
  const child = spawn(program, args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) {
    // A terminal sends its signals to the whole group: the child has them already.
    const alreadySent = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, () => alreadySent || child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
