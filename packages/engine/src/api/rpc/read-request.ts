import type { ServerHttp2Stream } from 'node:http2';
import { BerthError } from '@berth/model/error';
import { FrameReader } from '@berth/wire/grpc/frame';

/**
 * The one message of a call, once the client has said that there are no more. It does not settle when the client goes
 * away before that.
 * @throws unimplemented (`message_count`, `compressed_message`), resource_exhausted (`message_too_large`), invalid_argument
 * (`bad_frame`)
 */
export async function readRequest(stream: ServerHttp2Stream, limit: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const frames = new FrameReader(limit);
  let message: Uint8Array | undefined;
  const take = (piece: Buffer): void => {
    frames.add(piece);
    message ??= frames.next();
    // A second message is not read: it could be of any size.
    if (message !== undefined && !frames.isEmpty) throw wrongCount('several messages');
  };
  stream.on('data', (piece: Buffer) => {
    try {
      take(piece);
    } catch (error) {
      stream.removeAllListeners('data').resume();
      reject(error);
    }
  });
  stream.once('end', () => {
    if (message !== undefined) resolve(message);
    else if (frames.isEmpty) reject(wrongCount('no message'));
    else reject(new BerthError('invalid_argument', 'the request ends within its message', { code: 'bad_frame' }));
  });
  return await promise;
}

function wrongCount(got: string): BerthError {
  return new BerthError('unimplemented', `a call has one message; this one has ${got}`, { code: 'message_count' });
}
