import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const version = 'v1.5.0';
const built = path.join(import.meta.dirname, '../../build/test/peers', `runc-${version}`, 'runc');

/**
 * A runc that knows the runtime spec 1.3: the one that `BERTH_TEST_RUNC` names, else one built from Go's module proxy.
 * Undefined where it cannot be built; Debian's is of an older spec.
 */
export function newestRunc(): string | undefined {
  return [process.env['BERTH_TEST_RUNC'] ?? '', built].find((file) => existsSync(file)) ?? build();
}

/** Why a test that needs it is skipped. */
export const noNewestRunc = `no runc ${version}: it is built with go, libseccomp-dev and pkg-config, or named by BERTH_TEST_RUNC`;

/** Needs go, the headers of libseccomp and pkg-config: half a minute the first time, then it is kept. */
function build(): string | undefined {
  const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find((file) => existsSync(file));
  if (go === undefined || !existsSync('/usr/include/seccomp.h') || !existsSync('/usr/bin/pkg-config')) return undefined;
  console.log(`building runc ${version} into build/test/peers`);
  mkdirSync(path.dirname(built), { recursive: true });
  const env = { ...process.env, GOBIN: path.dirname(built), GOFLAGS: '-mod=mod', CGO_ENABLED: '1' };
  const args = ['install', '-tags', 'seccomp', `github.com/opencontainers/runc@${version}`];
  const { status } = spawnSync(go, args, { env, stdio: 'ignore', timeout: 400_000 });
  return status === 0 && existsSync(built) ? built : undefined;
}
