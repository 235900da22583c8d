import { runCommandLine } from './command-line.ts';

// Output was written without buffers of our own: nothing is lost by leaving at once, whatever still waits for input.
void runCommandLine(process.argv.slice(2), process.env).then((code) => process.exit(code));
