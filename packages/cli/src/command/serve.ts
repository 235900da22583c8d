import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { defineCommand } from '../command.ts';
import { textFlag, valueFlag } from '../flag/spec.ts';
import { print, printError } from '../print/output.ts';
import type { FrontOptions } from '../serve/front.ts';
import { formatAddress, isLoopback, type ListenAddress, parseAddress } from '@berth/model/listen-address';

const defaultAddress: ListenAddress = { host: '127.0.0.1', port: 5000 };

export const command = defineCommand({
  usage: 'serve [OPTIONS]',
  flags: {
    listen: valueFlag('Where to listen; 127.0.0.1:5000 when not given', parseAddress, { placeholder: 'host:port' }),
    namespace: textFlag("Whose images; those of 'default' when not given", { placeholder: 'name' }),
    'tls-cert': textFlag('Certificate to show, with its chain (PEM)', { placeholder: 'file' }),
    'tls-key': textFlag("The certificate's private key (PEM)", { placeholder: 'file' }),
  },
  arguments: { least: 0, most: 0 },
  async run({ flags, client, place, ...call }) {
    const tls = readTls(flags['tls-cert'], flags['tls-key']);
    const { namespace = call.namespace ?? 'default', listen: address = defaultAddress } = flags;
    await client.ping();
    const server = await openFront({ socket: place.socket, namespace, ...(tls === undefined ? {} : { tls }) });
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    const at = formatAddress(await listen(server, address));
    if (!isLoopback(address)) warn(at);
    print(`serving the images of ${namespace} on ${tls === undefined ? 'http' : 'https'}://${at}; Ctrl-C ends it\n`);
    await asked;
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  },
});

async function openFront(options: FrontOptions): Promise<Server> {
  const { createFront } = await import('../serve/front.ts');
  try {
    return createFront(options);
  } catch (cause) {
    throw new BerthError('invalid_argument', `the certificate or its key cannot be used: ${asError(cause).message}`, {
      hint: 'both are PEM files, and the key is that of the first certificate',
      cause,
    });
  }
}

function warn(at: string): void {
  printError(`warning: whoever reaches ${at} can read every image of this namespace\n`);
}

function readTls(cert: string | undefined, key: string | undefined) {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new BerthError('invalid_argument', '--tls-cert and --tls-key are given together', { code: 'bad_arguments' });
  }
  return { cert: readPem(cert), key: readPem(key) };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BerthError('invalid_argument', `cannot read ${file}: ${errnoName(cause)}`, { cause });
  }
}

/** The address that it got: its port may have been free to choose. */
async function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  try {
    server.listen(address);
    await once(server, 'listening');
  } catch (cause) {
    throw new BerthError('unavailable', `cannot listen on ${formatAddress(address)}: ${errnoName(cause)}`, {
      hint: 'choose another address with --listen HOST:PORT',
      cause,
    });
  }
  const { address: host, port } = server.address() as AddressInfo;
  return { host, port };
}
