import path from 'node:path';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { BerthError } from '@berth/model/error';
import { parsePlatform, type Platform } from '@berth/model/platform';
import { familiarName } from '@berth/model/reference';
import type * as wire from '@berth/wire/native/api';
import * as v from 'valibot';
import type { HistoryStep, ImageView, LoadedImages, Progress, PruneOptions } from '#service/image/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { flag, readBody, required } from './body.ts';
import { callContext, type NativeBackend } from './backend.ts';
import { progressReply } from './progress-reply.ts';

const tagSchema = v.strictObject({ source: v.string(), target: v.string() });
const removeSchema = v.strictObject({ ref: v.string(), force: v.optional(v.boolean()) });
const pruneSchema = v.strictObject({
  all: v.optional(v.boolean()),
  until: v.optional(v.string()),
  labels: v.optional(v.array(v.string())),
});

/** Images: list, inspect, history, load, import, tag, remove, prune. */
export function imageRoutes(backend: NativeBackend): Route[] {
  return [...viewRoutes(backend), ...archiveRoutes(backend), ...changeRoutes(backend)];
}

function viewRoutes(backend: NativeBackend): Route[] {
  return [
    { method: 'GET', path: '/images', handle: (request) => listImages(backend, request) },
    { method: 'GET', path: '/images/inspect', handle: (request) => inspectImage(backend, request) },
    {
      method: 'GET',
      path: '/images/history',
      handle: async (request) => {
        const context = callContext(backend, request);
        const steps = await backend.images.history(context, required(request, 'ref'), platformOf(request));
        return { json: steps.map(historyEntry) };
      },
    },
  ];
}

function archiveRoutes(backend: NativeBackend): Route[] {
  const { images } = backend;
  const context = (request: HttpRequest) => callContext(backend, request);
  return [
    {
      method: 'POST',
      path: '/images/load',
      handle: (request) => withFile(backend, request, (file, report) => images.load(context(request), file, report)),
    },
    {
      method: 'POST',
      path: '/images/import',
      handle: (request) => {
        const name = request.query.get('name') ?? undefined;
        const message = request.query.get('message') ?? undefined;
        const wish = {
          changes: request.query.getAll('change'),
          ...(name === undefined ? {} : { name }),
          ...(message === undefined ? {} : { message }),
        };
        return withFile(backend, request, (file, report) => images.import(context(request), file, wish, report));
      },
    },
  ];
}

function changeRoutes(backend: NativeBackend): Route[] {
  const { images } = backend;
  const context = (request: HttpRequest) => callContext(backend, request);
  return [
    {
      method: 'POST',
      path: '/images/tag',
      handle: async (request) => {
        const { source, target } = await readBody(request, tagSchema);
        await images.tag(context(request), source, target);
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      path: '/images/remove',
      handle: async (request) => {
        const { ref, force } = await readBody(request, removeSchema);
        // The engine's own door is its owner's: what is removed here is to free bytes, whoever else may see it.
        const removed = await images.remove(context(request), ref, { force: force === true, scope: 'share-group' });
        return { json: { ...removed, untagged: removed.untagged.map(familiarName) } };
      },
    },
    {
      method: 'POST',
      path: '/images/prune',
      handle: async (request) => {
        const pruned = await images.prune(context(request), pruneOptions(await readBody(request, pruneSchema)));
        return { json: { ...pruned, untagged: pruned.untagged.map(familiarName) } satisfies wire.PruneResult };
      },
    },
  ];
}

/** @throws invalid_argument (`bad_platform`) */
function platformOf(request: HttpRequest): Platform | undefined {
  const text = request.query.get('platform') ?? '';
  return text === '' ? undefined : parsePlatform(text);
}

function historyEntry({ createdAt, names, ...step }: HistoryStep): wire.HistoryEntry {
  return { ...step, createdAt: new Date(createdAt).toISOString(), names: names.map(familiarName) };
}

/** @throws invalid_argument (`bad_field`) */
function pruneOptions({ all = false, until, labels = [] }: v.InferOutput<typeof pruneSchema>): PruneOptions {
  if (until === undefined) return { all, labels };
  const moment = Date.parse(until);
  if (!Number.isNaN(moment)) return { all, labels, until: moment };
  throw new BerthError('invalid_argument', `until: '${until}' is not a time`, {
    code: 'bad_field',
    hint: 'give RFC 3339',
  });
}

async function listImages(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const views = await backend.images.list(callContext(backend, request));
  const shown = flag(request, 'all') ? views : views.filter((view) => view.platforms.length > 0);
  return { json: shown.map((view) => imageSummary(backend, request, view)) };
}

function imageSummary(backend: NativeBackend, request: HttpRequest, view: ImageView): wire.ImageSummary {
  const users = backend.containers
    .list(callContext(backend, request))
    .filter(({ image }) => image.target === view.target.digest);
  return {
    id: view.target.digest,
    names: view.names.map(familiarName),
    mediaType: view.target.mediaType,
    createdAt: new Date(view.createdAt).toISOString(),
    size: view.contentSize + view.unpackedSize,
    contentSize: view.contentSize,
    platforms: view.platforms,
    containers: users.length,
  };
}

async function inspectImage(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const details = await backend.images.inspect(callContext(backend, request), required(request, 'ref'));
  const { config, manifest, configDigest } = details;
  const answer: wire.ImageDetail = {
    ...imageSummary(backend, request, details),
    configDigest,
    architecture: config.architecture,
    os: config.os,
    config: { ...config.config },
    layers: manifest.layers.map(({ digest, size }, n) => ({ digest, size, diffId: config.rootfs.diff_ids[n] ?? '' })),
    labels: config.config?.Labels ?? {},
    history: (config.history ?? []).map((step) => ({ ...step })),
  };
  return { json: answer };
}

type Take = (file: string, report: Progress) => Promise<LoadedImages>;

/** Runs a load from the file that the query names, or from the body kept as a file meanwhile. */
async function withFile(backend: NativeBackend, request: HttpRequest, take: Take): Promise<Reply> {
  const named = request.query.get('path');
  if (named !== null) {
    if (!path.isAbsolute(named)) throw new BerthError('invalid_argument', `path must be absolute, not '${named}'`);
    return loadReply((report) => take(named, report));
  }
  const folder = await mkdtemp(path.join(backend.scratch, 'upload-'));
  const file = path.join(folder, 'archive');
  return loadReply(async (report) => {
    try {
      await pipeline(request.body, createWriteStream(file, { mode: 0o600 }));
      return await take(file, report);
    } catch (error) {
      throw namingBody(file, error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** The file is ours; the caller sent a stream. */
function namingBody(file: string, cause: unknown): unknown {
  if (!(cause instanceof BerthError) || !cause.message.includes(file)) return cause;
  const { kind, code, message, hint } = cause;
  const text = message.replaceAll(file, 'standard input');
  return new BerthError(kind, text, { code, cause, ...(hint === undefined ? {} : { hint }) });
}

function loadReply(run: (report: Progress) => Promise<LoadedImages>): Reply {
  return progressReply(run, ({ images }) => ({
    done: { images: images.map(({ target, names }) => ({ id: target, names: names.map(familiarName) })) },
  }));
}
