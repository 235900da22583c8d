import { runCommandLine } from './command-line.ts';

// All output is written by synchronous calls: nothing is lost by leaving at once.
void runCommandLine(process.argv.slice(2)).then((code) => process.exit(code));
