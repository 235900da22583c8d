import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { isConfigType, isIndexType, isManifestType, layerCompression } from '@berth/model/media-type';
import {
  Content,
  WriteAction,
  WriteContentRequestSchema,
  type WriteContentResponseSchema,
} from '@berth/wire/gen/containerd/services/content/v1/content_pb';
import type { Call } from '../../grpc/call.ts';
import type { Channel } from '../../grpc/channel.ts';
import type { SourceBlob } from '../medium.ts';

type WriteCall = Call<typeof WriteContentRequestSchema, typeof WriteContentResponseSchema>;

/** Bytes in one message: containerd writes each as it comes. */
const pieceSize = 1 << 20;

/** Milliseconds between asking for an ingest that somebody else has open: containerd's own client doubles them too. */
const [shortestWait, longestWait] = [16, 2048];

export interface IngestOptions {
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal;
  /** The blob will have them; not set when it is there already. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Called when the ingest is open, before anything is sent. */
  readonly onOpen?: () => void;
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Blobs on their way in are known by a reference, the one that ctr gives them: what a pull of ctr's began is gone on
 * with, and the other way round.
 */
export function ingestReference({ mediaType, digest }: Descriptor): string {
  if (isManifestType(mediaType)) return `manifest-${digest}`;
  if (isIndexType(mediaType)) return `index-${digest}`;
  if (isConfigType(mediaType)) return `config-${digest}`;
  return `${layerCompression(mediaType) === undefined ? 'unknown' : 'layer'}-${digest}`;
}

/**
 * Writes a blob, from where an earlier try ended. containerd verifies it.
 * @returns false when it was there already
 * @throws data_loss (`digest_mismatch`, `size_mismatch`), what the source throws, what containerd says
 */
export async function ingest(channel: Channel, source: SourceBlob, options: IngestOptions): Promise<boolean> {
  const opened = await open(channel, options);
  if (opened === undefined) return false;
  await using call = opened.call;
  try {
    options.onOpen?.();
    if (opened.offset < options.descriptor.size) await fill(call, source, { ...options, offset: opened.offset });
    return await commit(call, options);
  } catch (error) {
    // Wrong bytes would be gone on with by the next try.
    if (isKind(error, 'data_loss')) await abort(channel, options.descriptor);
    throw error;
  }
}

/**
 * Has containerd take over a blob that it has for another namespace, or that was written whole but not committed.
 * @returns false when it has none, and it must be sent
 */
export async function adopt(channel: Channel, options: IngestOptions): Promise<boolean> {
  const opened = await open(channel, options);
  if (opened === undefined) return true;
  await using call = opened.call;
  const { size } = options.descriptor;
  if (opened.offset < size || size === 0) {
    await close(call);
    return false;
  }
  try {
    await commit(call, options);
    return true;
  } catch (error) {
    if (!isKind(error, 'data_loss')) throw error;
    await abort(channel, options.descriptor);
    return false;
  }
}

interface Opened {
  readonly call: WriteCall;
  /** Bytes that are there. */
  readonly offset: number;
}

/** Undefined when the blob is there. Waits for others who write it. */
async function open(channel: Channel, { descriptor, signal }: IngestOptions): Promise<Opened | undefined> {
  const { digest, size } = descriptor;
  const request = {
    action: WriteAction.STAT,
    ref: ingestReference(descriptor),
    total: BigInt(size),
    expected: digest,
  };
  for (let wait = shortestWait; ; wait = Math.min(2 * wait, longestWait)) {
    const call = channel.call(Content.method.write, { signal });
    try {
      await call.send(request);
      const status = await call.receive();
      if (status !== undefined) return { call, offset: Number(status.offset) };
    } catch (error) {
      await call[Symbol.asyncDispose]();
      if (isKind(error, 'already_exists')) return undefined;
      // Somebody else has it open.
      if (!isKind(error, 'unavailable') || error.code === 'connection_lost') throw error;
    }
    await sleep(wait, undefined, { signal });
  }
}

/** Sends what is missing. Answers are read beside: containerd gives one to each message. */
async function fill(
  call: WriteCall,
  source: SourceBlob,
  { descriptor, signal, offset, onProgress }: IngestOptions & { readonly offset: number },
): Promise<void> {
  onProgress?.(offset);
  const answers = awaitOffset(call, descriptor.size, onProgress);
  // Its error is told below; it may come before.
  answers.catch(() => undefined);
  let at = offset;
  for await (const whole of source.read(signal, offset)) {
    if (at + whole.length > descriptor.size) throw wrongSize(descriptor, 'more');
    for (let start = 0; start < whole.length; start += pieceSize) {
      const piece = whole.subarray(start, start + pieceSize);
      if (!(await call.sendBytes(...writeRequest(at, piece)))) return await answers;
      at += piece.length;
    }
  }
  if (at < descriptor.size) throw wrongSize(descriptor, `${at}`);
  await answers;
}

/** Reads answers until one tells that all is there. */
async function awaitOffset(
  call: WriteCall,
  size: number,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<void> {
  for (;;) {
    const answer = await call.receive();
    if (answer === undefined)
      throw new BerthError('unavailable', 'containerd ended a write', { code: 'connection_lost' });
    const offset = Number(answer.offset);
    onProgress?.(offset);
    if (offset >= size) return;
  }
}

/** A WriteContentRequest whose data are not copied: its other fields, then the head of the field that ends it. */
function writeRequest(offset: number, data: Uint8Array): Uint8Array[] {
  const fields = create(WriteContentRequestSchema, { action: WriteAction.WRITE, offset: BigInt(offset) });
  const { number } = WriteContentRequestSchema.field.data;
  const lengthDelimited = 2;
  const head = new BinaryWriter()
    .uint32((number << 3) | lengthDelimited)
    .uint32(data.length)
    .finish();
  return [toBinary(WriteContentRequestSchema, fields), head, data];
}

/** @returns false when somebody else was first */
async function commit(call: WriteCall, { descriptor, labels = {} }: IngestOptions): Promise<boolean> {
  const { digest, size } = descriptor;
  const end = { total: BigInt(size), offset: BigInt(size), expected: digest, labels: { ...labels } };
  try {
    await call.send({ action: WriteAction.COMMIT, ...end });
    call.finish();
    // The end is only told after the answer to the commit.
    while ((await call.receive()) !== undefined);
    return true;
  } catch (error) {
    if (isKind(error, 'already_exists')) return false;
    if (!isKind(error, 'failed_precondition')) throw error;
    throw new BerthError('data_loss', `blob ${digest} came with other bytes than its digest says`, {
      code: 'digest_mismatch',
      hint: 'the source is damaged, or lies',
      cause: error,
    });
  }
}

/** Ends a write so that, once this returns, the ingest is free for the next one. */
async function close(call: WriteCall): Promise<void> {
  call.finish();
  while ((await call.receive()) !== undefined);
}

async function abort(channel: Channel, descriptor: Descriptor): Promise<void> {
  try {
    await channel.unary(Content.method.abort, { ref: ingestReference(descriptor) }, { timeout: 10_000 });
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}

function wrongSize({ digest, size }: Descriptor, actual: string): BerthError {
  return new BerthError('data_loss', `blob ${digest} came with ${actual} bytes instead of ${size}`, {
    code: 'size_mismatch',
  });
}
