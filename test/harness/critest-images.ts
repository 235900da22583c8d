import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { seed } from '../e2e/registry-image.ts';
import { type ImageOptions, testImage, type TestImage } from './images.ts';
import type { Registry } from './registry.ts';
import type { Member } from './tar.ts';

/** The registries whose images critest wants. */
export const critestRegistries = ['registry.k8s.io', 'gcr.io', 'k8s.gcr.io'];

/**
 * Images under the names that critest has in its code (cri-tools, pkg/validate/consts.go), which do with busybox what it
 * looks for in them.
 */
export async function seedCritestImages(registry: Registry): Promise<void> {
  const base = busyboxWithAll();
  const image = (run: ImageOptions['run'] = {}, more: readonly Member[] = []): TestImage =>
    testImage({ layers: [[...base, ...more]], run: { Cmd: ['sh'], ...run } });
  const server = (port: number): TestImage =>
    image({ Entrypoint: ['nginx', String(port), 'master process'] }, webServer);
  const same = image({ Labels: { same: 'same' } });
  const own = (name: string): [string, TestImage] => [`k8s-staging-cri-tools/test-image-${name}`, labelled(name)];
  const labelled = (name: string): TestImage => image({ Labels: { name } });
  const user = (name: string, User: string): [string, TestImage] => [
    `k8s-staging-cri-tools/test-image-${name}:latest`,
    image({ User }),
  ];
  const images: readonly (readonly [name: string, image: TestImage])[] = [
    ['e2e-test-images/busybox:1.29-2', image()],
    ['e2e-test-images/nginx:1.14-2', server(80)],
    ['e2e-test-images/httpd:2.4.39-4', server(80)],
    ['e2e-test-images/nonewprivs:1.3', image({ Cmd: ['/nnp'], User: '1000' }, [effectiveUser()])],
    ['k8s-staging-cri-tools/hostnet-nginx-amd64:latest', server(12_003)],
    ['pause:3.9', labelled('pause')],
    user('user-uid', '1002'),
    user('user-username', 'www-data'),
    user('user-uid-group', '1003:33'),
    user('user-username-group', 'www-data:www-data'),
    user('predefined-group', '1000'),
    ...['latest:latest', 'tag:test', 'tag:all', '1:latest', '2:latest', '3:latest'].map(own),
    ...['1', '2', '3'].map((tag): [string, TestImage] => [`k8s-staging-cri-tools/test-image-tags:${tag}`, same]),
  ];
  for (const [name, made] of images) await seed(registry, name, made);
}

function busyboxWithAll(): Member[] {
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const folder = (name: string, mode = 0o755): Member => ({ path: `${name}/`, mode });
  const script = (name: string, body: string): Member => ({
    path: `bin/${name}`,
    mode: 0o755,
    body: `#!/bin/sh\n${body}`,
  });
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'var', 'var/log', 'var/run'].map((name) =>
      folder(name),
    ),
    folder('root', 0o700),
    folder('tmp', 0o1777),
    { path: 'bin/busybox', mode: 0o755, body: readFileSync('/bin/busybox') },
    ...applets
      .filter((name) => name !== 'busybox')
      .map((name): Member => ({ path: `bin/${name}`, hardlink: 'bin/busybox' })),
    {
      path: 'etc/passwd',
      body: [
        'root:x:0:0:root:/root:/bin/sh',
        'www-data:x:33:33::/:/bin/false',
        'default-user:x:1000:1000::/home:/bin/sh',
        'nobody:x:65534:65534::/:/bin/false\n',
      ].join('\n'),
    },
    {
      path: 'etc/group',
      body: 'root:x:0:\nwww-data:x:33:\ndefault-user:x:1000:\ngroup-defined-in-image:x:50000:default-user\n',
    },
    // What Debian's busybox has not.
    script('ipcs', 'cat /proc/sysvipc/shm\n'),
    script('pgrep', 'for p in /proc/[0-9]*; do grep -qsx "$1" $p/comm && echo ${p#/proc/}; done; true\n'),
  ];
}

/** A script's process has the script's name: that is what `pidof nginx` looks for. */
const webServer: readonly Member[] = [
  {
    path: 'bin/nginx',
    mode: 0o755,
    body: '#!/bin/sh\necho httpd on $1\necho $$ > /var/run/nginx.pid\nhttpd -f -p $1 -h /www\n',
  },
  { path: 'www/', mode: 0o755 },
  { path: 'www/index.html', mode: 0o644, body: 'hello\n' },
];

/** A setuid program that says as whom it runs; its own language, because a shell gives such rights up. */
function effectiveUser(): Member {
  const folder = path.join(import.meta.dirname, '../../build/test');
  const output = path.join(folder, `effective-user.${process.pid}`);
  execFileSync('mkdir', ['-p', folder]);
  const source = path.join(import.meta.dirname, 'effective-user.c');
  execFileSync('cc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', output, source]);
  const body = readFileSync(output);
  rmSync(output);
  return { path: 'nnp', mode: 0o4755, body };
}
