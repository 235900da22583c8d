import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from './error.mjs';

const remedy =
  'install a C compiler with its C library: apt-get install gcc libc6-dev (or dnf install gcc glibc-static)';

/** The launcher is a static program: a compiler alone is not enough, the static C library must be there too. */
export function checkCompiler() {
  if (process.platform !== 'linux') throw new SetupError(`this is ${process.platform}`, 'Berth runs on Linux');
  const folder = mkdtempSync(join(tmpdir(), 'berth-cc-'));
  try {
    const source = join(folder, 'probe.c');
    writeFileSync(
      source,
      '#include <linux/openat2.h>\n#include <unistd.h>\nint main(void) { return getpid() == 0; }\n',
    );
    const made = spawnSync('cc', ['-std=c11', '-static', '-o', join(folder, 'probe'), source], { encoding: 'utf8' });
    if (made.error !== undefined) throw new SetupError('there is no C compiler (cc)', remedy);
    if (made.status !== 0) {
      throw new SetupError(`the C compiler cannot make a static program:\n${made.stderr.trim()}`, remedy);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
