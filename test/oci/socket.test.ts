import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Box, until, whySkipped } from './box.ts';

const python = '/usr/bin/python3';
const skip = whySkipped || (existsSync(python) ? false : 'needs python3, which receives descriptors');

/** Listens, takes one descriptor with its name, prints what it is, and what it reads from a terminal. */
const receiverProgram = `
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
print("ready", flush=True)
peer, _ = listener.accept()
name, control, _, _ = peer.recvmsg(4096, socket.CMSG_LEN(4))
fd = array.array("i", control[0][2][:4])[0]
print("name", name.decode().strip("\\0"), "is", os.readlink("/proc/self/fd/%d" % fd), flush=True)
if os.isatty(fd):
    os.write(fd, b"typed\\n")
    while True:
        try: data = os.read(fd, 4096)
        except OSError: break
        if not data: break
        sys.stdout.write(data.decode()); sys.stdout.flush()
else:
    for line in open("/proc/self/fdinfo/%d" % fd): print(line.strip(), flush=True)
`;

class Receiver implements Disposable {
  readonly #child: ChildProcess;
  said = '';

  constructor(socket: string) {
    this.#child = spawn(python, ['-c', receiverProgram, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
  }

  async until(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.said),
      () => `${String(pattern)} in ${JSON.stringify(this.said)}`,
    );
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

describe('descriptors over a socket', { skip }, () => {
  test('the master of the terminal goes to the console socket', async () => {
    await using box = new Box();
    const socket = path.join(box.folder, 'console');
    using receiver = new Receiver(socket);
    await receiver.until(/ready/);
    box.spec.process.terminal = true;
    box.spec.process['consoleSize'] = { height: 21, width: 77 };
    box.script('read x; echo "got $x"; stty size; tty');
    await box.create('--console-socket', socket);
    await receiver.until(/is .*ptmx/);
    await box.expect(['start', box.id]);
    await receiver.until(/got typed\s+21 77\s+\/dev\/(pts\/0|console)/);
    await box.reach('stopped');
  });

  test('the terminal of an exec goes to its own console socket', async () => {
    await using box = new Box();
    await box.running();
    const socket = path.join(box.folder, 'console');
    using receiver = new Receiver(socket);
    await receiver.until(/ready/);
    const flags = ['--tty', '--detach', '--console-socket', socket];
    await box.expect(['exec', ...flags, box.id, 'sh', '-c', 'read x; echo "got $x"']);
    await receiver.until(/got typed/);
  });

  test('a pidfd of the process goes to the pidfd socket', async () => {
    await using box = new Box();
    const socket = path.join(box.folder, 'pidfd');
    using receiver = new Receiver(socket);
    await receiver.until(/ready/);
    box.script('sleep 1000');
    await box.create('--pidfd-socket', socket);
    const { pid } = await box.state();
    await receiver.until(new RegExp(`Pid:\\s+${pid}\\b`));
  });
});
