import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Runtime, runcAt } from './runtime.ts';

const version = 'v1.5.0';
const folder = path.join(import.meta.dirname, '../../../build/test/peers');
const built = path.join(folder, `runc-${version}`, 'runc');

/** The newest runc that can be had: one that is there, one built from Go's module proxy, or Debian's. */
export async function findRunc(): Promise<Runtime | undefined> {
  const there = [process.env['BERTH_TEST_RUNC'] ?? '', '/opt/peers/runc-1.5', built].find((file) => existsSync(file));
  const newest = there ?? build();
  if (newest !== undefined) return await runcAt(newest);
  return (await runcAt('runc')) ?? (await runcAt('/usr/sbin/runc'));
}

/** Needs go, the headers of libseccomp and pkg-config: half a minute the first time, then it is kept. */
function build(): string | undefined {
  const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find((file) => existsSync(file));
  if (go === undefined || !existsSync('/usr/include/seccomp.h') || !existsSync('/usr/bin/pkg-config')) return undefined;
  console.log(`building runc ${version} into build/test/peers`);
  mkdirSync(path.dirname(built), { recursive: true });
  const env = { ...process.env, GOBIN: path.dirname(built), GOFLAGS: '-mod=mod', CGO_ENABLED: '1' };
  const args = ['install', '-tags', 'seccomp', `github.com/opencontainers/runc@${version}`];
  const { status } = spawnSync(go, args, { env, stdio: 'ignore', timeout: 180_000 });
  return status === 0 && existsSync(built) ? built : undefined;
}
