import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { CallContext } from '@berth/model/context';
import { type Digest, isDigest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import type { ContentStore, Expected, Ingest } from '#store/content';
import type { RepositoryCall, Upload, UploadPart, Uploads } from './contract.ts';
import type { PushedContent } from './pushed-content.ts';

/**
 * An ingest that nobody writes to is closed after this, ms. Until then it keeps the hash of what it has, and pulls of the
 * same blob away.
 */
const idleTime = 5000;

/**
 * How long a writer waits for the one before it, ms. That one's connection is usually broken, and the news only late: who
 * comes to go on is the same client.
 */
const turnPatience = 10_000;

interface Session {
  readonly ingest: Ingest;
  size: number;
  /** Of the one who writes. */
  busy?: Promise<unknown> | undefined;
  idle?: NodeJS.Timeout;
}

/** What an upload's id stands for in the content store. */
interface Place {
  readonly id: string;
  readonly ref: string;
  readonly expected: Expected;
}

export interface UploadParts {
  readonly content: ContentStore;
  readonly pushed: PushedContent;
}

/**
 * Uploads as ingests of the content store: that is all the state there is. Those in use are kept open, because an
 * upload is usually one long PATCH and then a PUT without a body: closed between them its bytes would be hashed anew.
 */
export class UploadSessions implements Uploads, AsyncDisposable {
  readonly #content: ContentStore;
  readonly #pushed: PushedContent;
  readonly #open = new Map<string, Session>();

  constructor({ content, pushed }: UploadParts) {
    this.#content = content;
    this.#pushed = pushed;
  }

  async start(call: RepositoryCall, digest?: Digest): Promise<Upload> {
    if (digest !== undefined) {
      try {
        return await this.#enter(call, blobPlace(digest), (session) => Promise.resolve(session.size));
      } catch (error) {
        // Somebody writes it, or just has: then this one goes its own way.
        const isTaken = (['unavailable', 'already_exists', 'not_found'] as const).some((kind) => isKind(error, kind));
        if (!isTaken) throw error;
      }
    }
    return await this.#enter(call, ownPlace(call, randomUUID()), (session) => Promise.resolve(session.size));
  }

  async find(call: RepositoryCall, id: string): Promise<Upload> {
    const place = placeOf(call, id);
    const session = this.#open.get(keyOf(call, place));
    return { id, offset: session?.size ?? (await this.#storedSize(call.context, place)) };
  }

  async append(call: RepositoryCall, id: string, part: UploadPart): Promise<Upload> {
    await this.find(call, id);
    return await this.#enter(call, placeOf(call, id), (session) => appendTo(session, id, part));
  }

  async finish(call: RepositoryCall, id: string, digest: Digest): Promise<void> {
    await this.find(call, id);
    const place = placeOf(call, id);
    const context = await this.#pushed.holding(call.context, digest);
    await this.#enter(call, place, async ({ ingest, size }) => {
      try {
        await ingest.commit(context, { digest });
        this.#open.delete(keyOf(call, place));
      } catch (error) {
        if (isKind(error, 'data_loss')) this.#open.delete(keyOf(call, place));
        throw error;
      }
      return size;
    });
  }

  async cancel(call: RepositoryCall, id: string): Promise<void> {
    await this.find(call, id);
    const place = placeOf(call, id);
    await this.#enter(call, place, async ({ ingest }) => {
      this.#open.delete(keyOf(call, place));
      // Nobody may open it anew before it is gone.
      try {
        await this.#content.abort(call.context, place.ref);
      } finally {
        await ingest[Symbol.asyncDispose]();
      }
      return 0;
    });
  }

  async mount(call: RepositoryCall, digest: Digest): Promise<boolean> {
    return await this.#pushed.adopt(await this.#pushed.holding(call.context, digest), digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sessions = [...this.#open.values()];
    this.#open.clear();
    for (const { ingest, idle } of sessions) {
      clearTimeout(idle);
      await ingest[Symbol.asyncDispose]();
    }
  }

  /** Runs an action that answers the upload's size as its only writer. */
  async #enter(call: RepositoryCall, place: Place, action: (session: Session) => Promise<number>): Promise<Upload> {
    const key = keyOf(call, place);
    const session = this.#open.get(key) ?? (await this.#openSession(call.context, key, place));
    using _turn = await takeTurn(session, place.id);
    if (this.#open.get(key) !== session) throw unknownUpload(place.id);
    clearTimeout(session.idle);
    try {
      return { id: place.id, offset: await action(session) };
    } finally {
      if (this.#open.get(key) === session) this.#closeWhenIdle(key, session);
    }
  }

  async #openSession(context: CallContext, key: string, { ref, expected }: Place): Promise<Session> {
    const ingest = await this.#content.ingest(context, ref, expected);
    const session: Session = { ingest, size: ingest.offset };
    this.#open.set(key, session);
    return session;
  }

  #closeWhenIdle(key: string, session: Session): void {
    const close = (): void => {
      this.#open.delete(key);
      // The bytes are there; what a file says when it is closed changes nothing for them.
      void Promise.resolve(session.ingest[Symbol.asyncDispose]()).catch(() => undefined);
    };
    session.idle = setTimeout(close, idleTime).unref();
  }

  async #storedSize(context: CallContext, { id, ref }: Place): Promise<number> {
    const status = (await this.#content.ingests(context)).find((ingest) => ingest.ref === ref);
    if (status === undefined) throw unknownUpload(id);
    return status.offset;
  }
}

/** The session is the caller's alone until the result is disposed. @throws unavailable (`upload_busy`) */
async function takeTurn(session: Session, id: string): Promise<Disposable> {
  const deadline = AbortSignal.timeout(turnPatience);
  while (session.busy !== undefined) {
    await Promise.race([session.busy, once(deadline, 'abort')]);
    if (session.busy === undefined || !deadline.aborted) continue;
    throw new BerthError('unavailable', `upload ${id} is being written`, { code: 'upload_busy' });
  }
  // In the moment in which it was found free: others wait for the same.
  const { promise, resolve } = Promise.withResolvers<void>();
  session.busy = promise;
  return {
    [Symbol.dispose]() {
      session.busy = undefined;
      resolve();
    },
  };
}

async function appendTo(session: Session, id: string, { bytes, offset, length }: UploadPart): Promise<number> {
  const before = session.size;
  if (offset !== undefined && offset !== before) throw wrongOffset(id, before, offset);
  for await (const chunk of bytes) {
    await session.ingest.write(chunk);
    session.size += chunk.length;
    if (length !== undefined && session.size - before > length) break;
  }
  const came = session.size - before;
  if (length === undefined || came === length) return session.size;
  await session.ingest.truncate(before);
  session.size = before;
  throw new BerthError(
    'invalid_argument',
    `the part of upload ${id} has ${came > length ? 'more' : came} bytes, its range ${length}`,
    {
      code: 'size_mismatch',
    },
  );
}

function keyOf({ context }: RepositoryCall, { ref }: Place): string {
  return `${context.namespace} ${ref}`;
}

/** The ingest that pulls of this blob use too. */
function blobPlace(digest: Digest): Place {
  return { id: digest.replace(':', '-'), ref: `blob-${digest}`, expected: { digest } };
}

function ownPlace({ repository }: RepositoryCall, id: string): Place {
  return { id, ref: `registry-upload/${repository}/${id}`, expected: {} };
}

function placeOf(call: RepositoryCall, id: string): Place {
  const digest = id.replace('-', ':');
  if (isDigest(digest)) return blobPlace(digest);
  if (/^[0-9a-f-]{36}$/.test(id)) return ownPlace(call, id);
  throw unknownUpload(id);
}

function unknownUpload(id: string): BerthError {
  return new BerthError('not_found', `there is no upload ${id.slice(0, 100)}`, {
    code: 'no_such_upload',
    hint: 'it may have ended, or be a day old: start another one',
  });
}

function wrongOffset(id: string, offset: number, asked: number): BerthError {
  return new BerthError('out_of_range', `upload ${id} is at byte ${offset}, not at ${asked}`, { code: 'wrong_offset' });
}
