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
    headers: message.headers,
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

/** A whole body. @throws resource_exhausted (`body_too_large`) above `limit` bytes */
export async function readWhole(body: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      throw new BerthError('resource_exhausted', `the request body is above ${limit} bytes`, {
        code: 'body_too_large',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const bytes = await readWhole(message, jsonLimit);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (cause) {
    throw new BerthError('invalid_argument', 'the request body is not JSON', { code: 'bad_json', cause });
  }
}
