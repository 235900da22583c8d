import type { IncomingMessage } from 'node:http';
import { BerthError } from '@berth/model/error';
import type { HttpRequest } from './route.ts';

/** A JSON body larger than this is refused: the largest honest one holds a seccomp profile. */
const jsonLimit = 4 << 20;

/** A request as handlers see it. */
export function openRequest(
  message: IncomingMessage,
  url: URL,
  matched: { readonly params: Record<string, string>; readonly signal: AbortSignal },
): HttpRequest {
  const params = Object.fromEntries(Object.entries(matched.params).map(([k, v]) => [k, decodeSegment(v)]));
  return {
    params,
    query: url.searchParams,
    signal: matched.signal,
    upgrade: message.headers.upgrade,
    body: message,
    json: () => readJson(message),
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new BerthError('invalid_argument', `bad escape in the path: ${segment}`, { cause });
  }
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > jsonLimit) throw new BerthError('resource_exhausted', `the request body is above ${jsonLimit} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    throw new BerthError('invalid_argument', 'the request body is not JSON', { code: 'bad_json', cause });
  }
}
