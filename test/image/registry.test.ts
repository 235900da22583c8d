import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { createRegistryClient } from '@berth/image/registry/client';
import type { Credentials, RegistryClient, Repository } from '@berth/image/registry/contract';
import { openRegistrySource } from '@berth/image/medium/registry/source';
import { openRegistryTarget } from '@berth/image/medium/registry/target';
import { mediumSuite } from '@berth/image/medium/medium-suite';
import type { Digest } from '@berth/model/digest';
import { isDigest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { parseReference } from '@berth/model/reference';
import { runCommand } from '../harness/command.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';

const signal = new AbortController().signal;
const home = mkdtempSync('/tmp/bt-hosts-');
after(() => rmSync(home, { recursive: true }));

const user = { username: 'user', password: 'secret' };

function client(credentials?: Credentials, hostFolders: readonly string[] = []): RegistryClient {
  return createRegistryClient({ credentials: async () => credentials, hostFolders, userAgent: 'berth/test' });
}

function digestOf(bytes: Uint8Array): Digest {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  assert.ok(isDigest(digest));
  return digest;
}

interface Put {
  readonly layer: Buffer;
  readonly descriptor: Descriptor;
  readonly layerDescriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Pushes an image of one layer. */
async function push(repository: Repository, tag: string, size = 100_000, subject?: Descriptor): Promise<Put> {
  const layer = randomBytes(size);
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await repository.pushBlob(descriptor, (offset) => pieces(bytes, offset), { signal });
    return descriptor;
  };
  const config = await put(Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{}}'), mediaTypes.ociConfig);
  const layerDescriptor = await put(layer, mediaTypes.ociLayer);
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layerDescriptor], subject };
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
  await repository.pushManifest(descriptor, bytes, { tag, signal });
  return { layer, descriptor, layerDescriptor, bytes };
}

async function* pieces(bytes: Buffer, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function roundTrip(repository: Repository): Promise<Put> {
  const put = await push(repository, '1');
  assert.deepEqual((await repository.resolve({ tag: '1' }, signal)).descriptor, put.descriptor);
  assert.ok(put.bytes.equals(await repository.manifest(put.descriptor, signal)));
  assert.ok(put.layer.equals(Buffer.concat(await all(repository.blob(put.layerDescriptor, signal)))));
  return put;
}

describe('a real registry', { skip: whyNoRegistry }, () => {
  it('gives back what it got, lists, mounts, refers and deletes', async () => {
    await using registry = await Registry.start({ delete: true });
    await using registries = client();
    const repository = registries.repository({ domain: registry.host, path: 'a/b' });
    assert.equal(await repository.hasBlob(digestOf(Buffer.from('x')), signal), false);
    const { descriptor, layerDescriptor } = await roundTrip(repository);
    assert.equal(await repository.hasBlob(layerDescriptor.digest, signal), true);
    assert.equal(await repository.hasManifest(descriptor.digest, signal), true);
    await push(repository, '2', 1000, descriptor);
    const referrers = await repository.referrers(descriptor.digest, signal);
    assert.equal(referrers.length, 1);
    assert.deepEqual(
      (await all(repository.tags(signal))).sort(),
      ['1', '2', descriptor.digest.replace(':', '-')].sort(),
    );
    const other = registries.repository({ domain: registry.host, path: 'c' });
    assert.equal(await other.mount(layerDescriptor.digest, 'a/b', signal), true);
    assert.equal(await other.mount(digestOf(Buffer.from('none')), 'a/b', signal), false);
    assert.equal(await other.hasBlob(layerDescriptor.digest, signal), true);
    await push(other, 'x', 10);
    assert.deepEqual(await all(registries.catalog(registry.host, signal)), ['a/b', 'c']);
    await repository.deleteManifest(descriptor.digest, signal);
    await assert.rejects(repository.resolve({ tag: '1' }, signal), { kind: 'not_found', code: 'no_such_manifest' });
    const absent = registries.repository({ domain: registry.host, path: 'nothing' });
    await assert.rejects(all(absent.tags(signal)), { kind: 'not_found', code: 'no_such_repository' });
  });

  it('that is read-only or keeps what it has says so', async () => {
    await using registry = await Registry.start();
    await using registries = client();
    const name = { domain: registry.host, path: 'a' };
    const { descriptor } = await push(registries.repository(name), '1');
    const deleted = registries.repository(name).deleteManifest(descriptor.digest, signal);
    await assert.rejects(deleted, { kind: 'unimplemented' });
    await using copy = await Registry.start({ readonly: true, root: registry.root });
    const repository = registries.repository({ domain: copy.host, path: 'a' });
    assert.deepEqual((await repository.resolve({ tag: '1' }, signal)).descriptor, descriptor);
    await assert.rejects(push(repository, '2'), { kind: 'unimplemented' });
  });

  it('wants a password, and is told from one that has a wrong one', async () => {
    await using registry = await Registry.start({ htpasswd: user });
    await using right = client(user);
    await right.login(registry.host, signal);
    await roundTrip(right.repository({ domain: registry.host, path: 'a' }));
    for (const credentials of [undefined, { ...user, password: 'wrong' }]) {
      await using wrong = client(credentials);
      const refused = { kind: 'unauthenticated', code: 'login_needed', hint: `berth login ${registry.host}` };
      await assert.rejects(wrong.login(registry.host, signal), refused);
      await assert.rejects(
        wrong.repository({ domain: registry.host, path: 'a' }).resolve({ tag: '1' }, signal),
        refused,
      );
    }
  });

  it('wants tokens: of somebody to push, of nobody to pull', async () => {
    await using registry = await Registry.start({ token: { ...user, anonymousPull: true } });
    const name = { domain: registry.host, path: 'a' };
    await using right = client(user);
    await right.login(registry.host, signal);
    const { descriptor, layerDescriptor } = await roundTrip(right.repository(name));
    const other = right.repository({ ...name, path: 'b' });
    assert.equal(await other.mount(layerDescriptor.digest, 'a', signal), true);
    await using refresh = client({ identityToken: registry.tokens!.refreshToken });
    await roundTrip(refresh.repository({ ...name, path: 'c' }));
    assert.ok(registry.tokens!.requests.some(({ method, who }) => method === 'POST' && who === 'refresh token'));
    await using nobody = client();
    assert.deepEqual((await nobody.repository(name).resolve({ tag: '1' }, signal)).descriptor, descriptor);
    await assert.rejects(push(nobody.repository(name), '2'), { kind: 'unauthenticated' });
    await using wrong = client({ ...user, password: 'wrong' });
    await assert.rejects(wrong.login(registry.host, signal), { kind: 'unauthenticated' });
  });

  it('with tokens that end soon is spoken to with new ones', async () => {
    await using registry = await Registry.start({ token: { ...user, expiresIn: 1 } });
    await using right = client(user);
    const repository = right.repository({ domain: registry.host, path: 'a' });
    const { descriptor } = await roundTrip(repository);
    const before = registry.tokens!.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.ok(await repository.hasManifest(descriptor.digest, signal));
    assert.equal(registry.tokens!.requests.length, before + 1);
  });

  it('proves itself by the authority that hosts.toml or docker names, and by no other', async () => {
    await using registry = await Registry.start({ tls: true, htpasswd: user });
    const name = { domain: registry.host, path: 'a' };
    const [good, docker, other] = ['good', 'docker', 'other'].map((each) => path.join(home, each, registry.host));
    for (const folder of [good!, docker!, other!]) mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(good!, 'hosts.toml'), `server = "${registry.url}"\nca = "${registry.ca}"\n`);
    copyFileSync(registry.ca!, path.join(docker!, 'ca.crt'));
    await using unrelated = await Registry.start({ tls: true });
    copyFileSync(unrelated.ca!, path.join(other!, 'ca.crt'));
    for (const folder of [good!, docker!]) {
      await using trusting = client(user, [path.dirname(folder)]);
      await roundTrip(trusting.repository(name));
    }
    await using doubting = client(user, [path.dirname(other!)]);
    const failure = doubting.repository(name).resolve({ tag: '1' }, signal);
    await assert.rejects(failure, { kind: 'failed_precondition', code: 'untrusted_certificate' });
    // Without any setting a loopback registry may have any certificate, as it may have none.
    await using lenient = client(user);
    await lenient.repository(name).resolve({ tag: '1' }, signal);
  });

  it('wants a certificate of ours, and is told from one that gets none', async () => {
    await using registry = await Registry.start({ tls: true, clientCertificates: true });
    const name = { domain: registry.host, path: 'a' };
    const folder = path.join(home, 'client', registry.host);
    mkdirSync(folder, { recursive: true });
    copyFileSync(registry.ca!, path.join(folder, 'ca.crt'));
    await using nobody = client(undefined, [path.dirname(folder)]);
    const refused = nobody.repository(name).resolve({ tag: '1' }, signal);
    await assert.rejects(refused, { kind: 'failed_precondition', code: 'certificate_refused' });
    copyFileSync(registry.client![0], path.join(folder, 'us.cert'));
    copyFileSync(registry.client![1], path.join(folder, 'us.key'));
    await using known = client(undefined, [path.dirname(folder)]);
    await roundTrip(known.repository(name));
  });

  it('with TLS does not lead to a place without', async () => {
    await using registry = await Registry.start({ tls: true });
    const [certificate, key] = registry.client!;
    const options = { cert: readFileSync(certificate), key: readFileSync(key) };
    const server = createServer(options, (_request, response) => {
      response.writeHead(307, { location: registry.url.replace('https:', 'http:') }).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using registries = client();
    const repository = registries.repository({ domain: `localhost:${port}`, path: 'a' });
    await assert.rejects(repository.resolve({ tag: '1' }, signal), { code: 'bad_redirect' });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('is pulled from a mirror, and pushed to itself', async () => {
    await using registry = await Registry.start();
    await using mirror = await Registry.start();
    await using direct = client();
    const put = await push(direct.repository({ domain: mirror.host, path: 'a' }), '1');
    const folder = path.join(home, 'mirrors', 'registry.example');
    mkdirSync(folder, { recursive: true });
    const host = `[host."${mirror.url}"]\ncapabilities = ["pull", "resolve"]\n`;
    writeFileSync(path.join(folder, 'hosts.toml'), `server = "${registry.url}"\n${host}`);
    await using mirrored = client(undefined, [path.dirname(folder)]);
    const repository = mirrored.repository({ domain: 'registry.example', path: 'a' });
    assert.deepEqual((await repository.resolve({ tag: '1' }, signal)).descriptor, put.descriptor);
    assert.ok(put.layer.equals(Buffer.concat(await all(repository.blob(put.layerDescriptor, signal)))));
    await push(repository, '2');
    await direct.repository({ domain: registry.host, path: 'a' }).resolve({ tag: '2' }, signal);
    await mirror.kill();
    assert.equal((await repository.resolve({ tag: '2' }, signal)).descriptor.mediaType, mediaTypes.ociManifest);
  });

  it('that is killed and comes back gets the rest of a blob, and gives the rest of one', async () => {
    await using registry = await Registry.start();
    await using registries = client();
    const repository = registries.repository({ domain: registry.host, path: 'a' });
    const bytes = randomBytes(40 << 20);
    const descriptor = { digest: digestOf(bytes), size: bytes.length };
    const restart = async (): Promise<void> => {
      await registry.kill();
      await registry.launch();
    };
    let restarted = false;
    const read = async function* (offset: number): AsyncGenerator<Uint8Array> {
      for (let at = offset; at < bytes.length; at += 1 << 20) {
        yield bytes.subarray(at, at + (1 << 20));
        if (restarted || at < bytes.length / 2) continue;
        restarted = true;
        await restart();
      }
    };
    await repository.pushBlob(descriptor, read, { signal });
    assert.equal(restarted, true);
    let got = 0;
    const hash = createHash('sha256');
    for await (const piece of repository.blob(descriptor, signal)) {
      if (got < bytes.length / 2 && got + piece.length >= bytes.length / 2) await restart();
      got += piece.length;
      hash.update(piece);
    }
    assert.equal(`sha256:${hash.digest('hex')}`, descriptor.digest);
  });

  it('has what skopeo pushed, and skopeo reads what we pushed', async () => {
    await using registry = await Registry.start();
    await using registries = client();
    const put = await push(registries.repository({ domain: registry.host, path: 'a' }), '1');
    const copied = await runCommand(
      ['skopeo', 'copy', '--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false'].concat(
        `docker://${registry.host}/a:1`,
        `docker://${registry.host}/b:1`,
      ),
    );
    assert.equal(copied.code, 0, copied.stderr);
    const repository = registries.repository({ domain: registry.host, path: 'b' });
    assert.deepEqual((await repository.resolve({ tag: '1' }, signal)).descriptor, put.descriptor);
  });
});

describe('the medium registry://', { skip: whyNoRegistry }, () => {
  let count = 0;
  mediumSuite(
    async () => {
      const registry = await Registry.start();
      const registries = client();
      const reference = parseReference(`${registry.host}/suite${++count}:1`);
      let open = true;
      return {
        target: async () => openRegistryTarget(registries, reference),
        source: async () => openRegistrySource(registries, reference),
        async close() {
          if (!open) return;
          open = false;
          await registries[Symbol.asyncDispose]();
          await registry[Symbol.asyncDispose]();
        },
      };
    },
    { keepsBlobs: true },
  );

  it('takes a layer over from another repository of the same registry, and further tags', async () => {
    await using registry = await Registry.start();
    await using registries = client();
    const put = await push(registries.repository({ domain: registry.host, path: 'a' }), '1');
    await using source = openRegistrySource(registries, parseReference(`${registry.host}/a:1`));
    await using target = openRegistryTarget(registries, parseReference(`${registry.host}/b:1`));
    assert.equal(await target.has(put.layerDescriptor, { signal, origin: source.origin! }), true);
    const config = JSON.parse(put.bytes.toString()) as { config: Descriptor };
    await target.putDocument(config.config, await source.document(config.config, signal), signal);
    await target.putDocument(put.descriptor, put.bytes, signal);
    const names = [`${registry.host}/b:2`];
    await target.publish({ target: put.descriptor, names, manifests: [put.descriptor] }, signal);
    const tags = await all(registries.repository({ domain: registry.host, path: 'b' }).tags(signal));
    assert.deepEqual(tags.sort(), ['1', '2']);
    const foreign = { target: put.descriptor, names: [`${registry.host}/c:2`], manifests: [] };
    await assert.rejects(target.publish(foreign, signal), { code: 'other_repository' });
  });
});
