import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { openDockerSource } from '@berth/image/medium/docker/source';
import { openDockerTarget } from '@berth/image/medium/docker/target';
import { BerthError } from '@berth/model/error';
import { archive, oldDockerArchive } from '../harness/archives.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';
import { busybox, testImage } from '../harness/images.ts';

const { signal } = new AbortController();
const image = testImage({ layers: [busybox(), [{ path: 'own', body: 'layer' }]] });

describe('the ways to a live dockerd', { skip: whyNoDockerd }, () => {
  let dockerd: Dockerd;
  let folder: string;
  let port: number;

  before(async () => {
    folder = mkdtempSync('/tmp/bdk-tls-');
    const { ca, certificate, key } = makeCertificate(folder);
    port = await freePort();
    for (const [name, file] of Object.entries({ ca, cert: certificate, key }))
      copyFileSync(file, path.join(folder, `${name}.pem`));
    const tls = ['--tlsverify', `--tlscacert=${ca}`, `--tlscert=${certificate}`, `--tlskey=${key}`];
    dockerd = await Dockerd.start({ flags: [...tls, '--host', `tcp://127.0.0.1:${port}`] });
    await dockerd.load(archive(oldDockerArchive(image, 'first:1')));
  });

  after(async () => {
    await dockerd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** Copies the image to another name, both ways by the same host. */
  async function copyBy(host: string, env: NodeJS.ProcessEnv, name: string): Promise<void> {
    await using source = await openDockerSource({ host, env, scratch: folder }, 'first:1');
    // It is had from the API as a whole; then the daemon has to load all of it.
    await source.images(signal);
    await dockerd.expect(['rmi', image.config.digest, '--force']);
    await using target = await openDockerTarget({ host, env }, name);
    const { sent } = await copyImages(source, target, { signal, platforms: 'host' });
    assert.ok(sent > 1_000_000);
    assert.equal((await dockerd.expect(['inspect', '--format', '{{.Id}}', name])).trim(), image.config.digest);
    await dockerd.load(archive(oldDockerArchive(image, 'first:1')));
  }

  it('are TCP with certificates on both sides', async () => {
    const env = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
    await copyBy(`tcp://127.0.0.1:${port}`, env, 'by:tcp');
    await copyBy(`tcp://localhost:${port}`, env, 'by:name');
  });

  it('are not TCP without a certificate, or to a stranger', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    const host = `tcp://127.0.0.1:${port}`;
    const failures = [
      [{}, 'docker_says'],
      [{ DOCKER_CERT_PATH: empty }, 'docker_tls'],
      [{ DOCKER_CERT_PATH: empty, DOCKER_TLS_VERIFY: '1' }, 'docker_tls'],
    ] as const;
    for (const [env, code] of failures) {
      await assert.rejects(
        openDockerSource({ host, env }, 'first:1'),
        (error) => error instanceof BerthError && error.code === code,
        JSON.stringify(env),
      );
    }
  });

  /** A program in place of ssh. */
  async function withSsh(name: string, script: string, work: () => Promise<void>): Promise<void> {
    const bin = path.join(folder, name);
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'ssh'), `#!/bin/sh\n${script}`, { mode: 0o755 });
    const usual = process.env['PATH'];
    process.env['PATH'] = `${bin}:${usual}`;
    try {
      await work();
    } finally {
      process.env['PATH'] = usual;
    }
  }

  it('are ssh, by the docker command of the other machine', async () => {
    // What is said of options and host is written down; the command is run here.
    const script = `echo "$@" >> ${folder}/asked\nfor last; do :; done\nexec sh -c "$last"\n`;
    await withSsh('ssh', script, () => copyBy(`ssh://me@far:2222${dockerd.socket}`, {}, 'by:ssh'));
    const asked = readFileSync(path.join(folder, 'asked'), 'utf8');
    assert.match(asked, /^-p 2222 -T -- me@far 'docker' '--host' 'unix:.*d.sock' 'system' 'dial-stdio'\n/);
  });

  it('are not ssh where the other side has no such command', async () => {
    await withSsh('no-docker', 'echo docker: not found >&2\nexit 127\n', async () => {
      await assert.rejects(
        openDockerSource({ host: 'ssh://far' }, 'first:1'),
        (error) => error instanceof BerthError && error.kind === 'unavailable' && /not found/.test(error.message),
      );
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
