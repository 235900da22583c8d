import { setTimeout as sleep } from 'node:timers/promises';
import os from 'node:os';
import { BerthError } from '@berth/model/error';
import type * as wire from '@berth/wire/native/api';
import { encodeFrame, frameTypes } from '@berth/wire/native/stream';
import type { LogChunk, LogOptions, StatsSample } from '#service/insight/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { flag, rfc3339, wholeNumber } from './body.ts';
import { contextOf } from './all-namespaces.ts';
import { containerDetail, podsOf } from './container-view.ts';
import { apiError } from './api-error.ts';
import type { NativeBackend } from './backend.ts';

/** What tells about a container: inspect, logs, stats, top, explain, export. */
export function insightRoutes(backend: NativeBackend): Route[] {
  const get = (path: string, answer: (request: HttpRequest, ref: string) => Promise<Reply> | Reply): Route => ({
    method: 'GET',
    path: `/containers/:ref${path}`,
    handle: (request) => answer(request, request.params['ref'] ?? ''),
  });
  const { insight } = backend;
  return [
    get('', (request, ref) => {
      const context = contextOf(backend, request, ref);
      const view = backend.containers.inspect(context, ref);
      const pods = podsOf(backend, context, [view]);
      return { json: containerDetail(view, { ...insight.places(context, view.id), pods }) };
    }),
    get('/logs', (request, ref) => {
      const context = contextOf(backend, request, ref);
      backend.containers.inspect(context, ref);
      return {
        bytes: logFrames(insight.logs(context, ref, logOptions(request))),
        contentType: 'application/octet-stream',
      };
    }),
    get('/stats', (request, ref) => {
      backend.containers.inspect(contextOf(backend, request, ref), ref);
      return { lines: statsLines(backend, request, ref), onError: errorLine };
    }),
    get('/top', async (request, ref) => {
      const words = (request.query.get('ps') ?? '').split(/\s+/).filter((word) => word !== '');
      return { json: await insight.top(contextOf(backend, request, ref), ref, words) };
    }),
    get('/export', async (request, ref) => ({
      bytes: await backend.containers.export(contextOf(backend, request, ref), ref),
      contentType: 'application/x-tar',
    })),
    get('/explain', async (request, ref) => {
      const explanation = await insight.explain(contextOf(backend, request, ref), ref);
      const answer: wire.Explanation = { ...explanation, startedAt: rfc3339(explanation.startedAt) };
      return { json: answer };
    }),
  ];
}

function errorLine(error: Error): unknown {
  return { error: apiError(error) };
}

async function* logFrames(chunks: AsyncIterable<LogChunk>): AsyncIterable<Uint8Array> {
  for await (const { stream, bytes } of chunks) yield encodeFrame(frameTypes[stream], bytes);
}

function logOptions(request: HttpRequest): LogOptions {
  const tail = request.query.get('tail');
  const count = tail === null || tail === 'all' ? undefined : wholeNumber(request, 'tail');
  const stdout = flag(request, 'stdout');
  const stderr = flag(request, 'stderr');
  const since = moment(request, 'since');
  const until = moment(request, 'until');
  return {
    stdout: stdout || !stderr,
    stderr: stderr || !stdout,
    follow: flag(request, 'follow'),
    timestamps: flag(request, 'timestamps'),
    ...(count === undefined || count < 0 ? {} : { tail: count }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Docker's forms of a time: seconds since 1970 with a fraction, RFC 3339, or a span before now (`10m`, `1h30m`). */
function moment(request: HttpRequest, name: string): bigint | undefined {
  const text = request.query.get(name);
  if (text === null || text === '' || text === '0') return undefined;
  const seconds = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds) return BigInt(seconds[1] ?? 0) * 1_000_000_000n + BigInt((seconds[2] ?? '').padEnd(9, '0'));
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return BigInt(Date.now()) * 1_000_000n - span(text);
  // `Date` knows milliseconds; log lines have nanoseconds.
  const [, start = text, fraction = '', zone = ''] = /^([^.]+)\.(\d{1,9})(.*)$/.exec(text) ?? [];
  const date = Date.parse(`${start}${zone}`);
  if (!Number.isNaN(date)) return BigInt(date) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  throw new BerthError('invalid_argument', `${name}: '${text}' is not a time`, {
    hint: 'give RFC 3339, seconds since 1970, or a span such as 10m',
  });
}

const unit: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

function span(text: string): bigint {
  let total = 0;
  for (const [, amount = '0', name = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (unit[name] ?? 0);
  }
  return BigInt(Math.round(total));
}

async function* statsLines(
  backend: NativeBackend,
  request: HttpRequest,
  ref: string,
): AsyncIterable<wire.ContainerStats> {
  const context = contextOf(backend, request, ref);
  const stream = flag(request, 'stream');
  for (;;) {
    yield statsLine(await backend.insight.stats(context, ref));
    if (!stream) return;
    await sleep(1000, undefined, { signal: request.signal });
  }
}

function statsLine({ at, ...sample }: StatsSample): wire.ContainerStats {
  return { ...sample, readAt: new Date(at).toISOString(), onlineCpus: os.availableParallelism() };
}
