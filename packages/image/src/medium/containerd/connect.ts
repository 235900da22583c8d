import { BerthError, isKind } from '@berth/model/error';
import { Channel } from '../../grpc/channel.ts';

/** How a live containerd is reached. */
export interface ContainerdAccess {
  /** Path of its socket, also as `unix://PATH`. When absent CONTAINERD_ADDRESS, else the usual place. */
  readonly address?: string;
  readonly signal?: AbortSignal;
}

/** An image within a containerd. */
export interface ContainerdPlace {
  readonly namespace: string;
  readonly name: string;
}

const usualAddress = '/run/containerd/containerd.sock';

/**
 * A connection whose calls are in the namespace.
 * @throws unavailable (`no_server`), permission_denied, invalid_argument (`bad_address`, `bad_namespace`)
 */
export async function connectContainerd(access: ContainerdAccess, namespace: string): Promise<Channel> {
  // Metadata may hold no other characters; these are what containerd itself allows.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,75}$/.test(namespace))
    throw new BerthError('invalid_argument', `'${namespace.slice(0, 100)}' is no namespace of containerd`, {
      code: 'bad_namespace',
      hint: 'a namespace has up to 76 letters, digits, dots, dashes and underscores',
    });
  const socket = socketPath(access.address ?? process.env['CONTAINERD_ADDRESS'] ?? usualAddress);
  const metadata = { 'containerd-namespace': namespace };
  try {
    return await Channel.open({ socket, metadata, ...(access.signal === undefined ? {} : { signal: access.signal }) });
  } catch (error) {
    if (isKind(error, 'permission_denied')) throw withHint(error, 'containerd serves root alone: try with sudo');
    if (!isKind(error, 'unavailable')) throw error;
    throw withHint(error, 'is containerd running? CONTAINERD_ADDRESS names a socket in another place');
  }
}

function socketPath(address: string): string {
  const path = address.replace(/^unix:\/\//, '');
  if (path.startsWith('/')) return path;
  throw new BerthError('invalid_argument', `'${address}' is not the address of a containerd`, {
    code: 'bad_address',
    hint: 'an address is the path of a socket, such as /run/containerd/containerd.sock',
  });
}

function withHint({ kind, code, message, cause }: BerthError, hint: string): BerthError {
  return new BerthError(kind, `containerd: ${message}`, { code, hint, cause });
}
