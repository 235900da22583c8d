import { once } from 'node:events';
import { connect } from 'node:tls';
import { errnoName } from '@berth/model/error';

/** A server that speaks no TLS answers the greeting at once; one that says nothing is not worth a longer wait. */
const patience = 2000;

/** Failures of the connection itself: they say nothing about what would be spoken over it. */
const noConnection = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/**
 * True when who listens there greets with TLS; false when it does something else; undefined when nobody listens. One
 * connection, no request: a loopback registry answers within a millisecond or two.
 */
export async function speaksTls({ hostname, port }: URL, signal: AbortSignal): Promise<boolean | undefined> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false, timeout: patience });
  socket.once('timeout', () => socket.destroy(new Error('no greeting')));
  try {
    await once(socket, 'secureConnect', { signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return noConnection.test(errnoName(error) ?? '') ? undefined : false;
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
