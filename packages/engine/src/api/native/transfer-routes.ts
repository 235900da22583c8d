import { BerthError } from '@berth/model/error';
import { parsePlatform } from '@berth/model/platform';
import { familiarName } from '@berth/model/reference';
import type * as wire from '@berth/wire/native/api';
import * as v from 'valibot';
import type { ImageTransfers, PulledImage, PullOptions, PushedImage } from '#service/image/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { readBody } from './body.ts';
import { callContext, type NativeBackend } from './backend.ts';
import { progressReply } from './progress-reply.ts';

const text = v.optional(v.string());
/** `wire.PullRequest`, which `wire.PushRequest` is as well. */
const transferSchema = v.strictObject({
  ref: v.string(),
  platforms: v.optional(v.array(v.string())),
  allTags: v.optional(v.boolean()),
  auth: v.optional(v.strictObject({ username: text, password: text, identityToken: text, registryToken: text })),
});
type TransferRequest = v.InferOutput<typeof transferSchema>;

/** Images on their way: pull, push, save. */
export function transferRoutes(backend: NativeBackend): Route[] {
  return [
    { method: 'POST', path: '/images/pull', handle: (request) => pull(backend, request) },
    { method: 'POST', path: '/images/push', handle: (request) => push(backend, request) },
    { method: 'GET', path: '/images/save', handle: (request) => save(backend, request) },
  ];
}

async function pull(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const body = await readBody(request, transferSchema);
  const options = transferOptions(body);
  const context = callContext(backend, request);
  const { transfers } = backend;
  return progressReply((report) => transfers.pull(context, body.ref, options, report), pulled);
}

function pulled({ images }: PulledImage): wire.ProgressEvent {
  const told = images.map(({ name, target, isNew }) => ({ name: familiarName(name), id: target, isNew }));
  return { pulled: { images: told } };
}

async function push(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const body = await readBody(request, transferSchema);
  const options = transferOptions(body);
  const context = callContext(backend, request);
  const { transfers } = backend;
  return progressReply((report) => transfers.push(context, body.ref, options, report), pushed);
}

function pushed({ images }: PushedImage): wire.ProgressEvent {
  return { pushed: { images: images.map(({ name, target }) => ({ name: familiarName(name), id: target })) } };
}

async function save(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const refs = request.query.getAll('ref');
  if (refs.length === 0)
    throw new BerthError('invalid_argument', 'ref is missing from the query', { code: 'bad_field' });
  const platforms = request.query.getAll('platform').map(parsePlatform);
  const options: Parameters<ImageTransfers['save']>[2] = platforms.length === 0 ? {} : { platforms };
  const bytes = await backend.transfers.save(callContext(backend, request), refs, options);
  return { bytes, contentType: 'application/x-tar' };
}

/** @throws invalid_argument (`bad_platform`, `bad_field`) */
function transferOptions({ platforms, allTags, auth }: TransferRequest): PullOptions {
  const credentials = auth === undefined ? undefined : credentialsOf(auth);
  return {
    ...(platforms === undefined || platforms.length === 0 ? {} : { platforms: platformsOf(platforms) }),
    ...(allTags === undefined ? {} : { allTags }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function platformsOf(texts: readonly string[]): NonNullable<PullOptions['platforms']> {
  if (!texts.includes('all')) return texts.map(parsePlatform);
  if (texts.length === 1) return 'all';
  throw new BerthError('invalid_argument', `platforms: 'all' stands alone, not beside others`, { code: 'bad_field' });
}

/** Docker's precedence: a token of the registry, then one to get such tokens by, then a password. */
function credentialsOf(auth: NonNullable<TransferRequest['auth']>): PullOptions['credentials'] {
  const { username = '', password = '', identityToken = '', registryToken = '' } = auth;
  if (registryToken !== '') return { registryToken };
  if (identityToken !== '') return { identityToken, ...(username === '' ? {} : { username }) };
  return username === '' && password === '' ? undefined : { username, password };
}
