import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON. */
  readonly json: () => unknown;
}

/** Where a server is: a unix socket, or a port of this machine. */
export type Server = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** One HTTP request on a connection of its own, and its whole answer. */
export function ask(
  server: Server,
  method: string,
  path: string,
  { headers = {}, body }: Asked = {},
): Promise<Answered> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { ...server, method, path, headers: { ...length, ...headers }, agent: new Agent() },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const whole = Buffer.concat(parts);
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: whole,
            json: () => JSON.parse(whole.toString('utf8')) as unknown,
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
