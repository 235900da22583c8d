import { runCommandLine } from './command-line.ts';

// The bundle of what works on images takes these from here, so that there is one class of errors in the process.
export * from '@berth/model/error';

// Output was written without buffers of our own: nothing is lost by leaving at once, whatever still waits for input.
void runCommandLine(process.argv.slice(2), process.env).then((code) => process.exit(code));
