import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fakeDaemon, type StreamPeer } from '@berth/sdk/fake-daemon';
import { frameTypes } from '@berth/wire/native/stream';

export interface Behaviour {
  /** What a container does once it is started; the default echoes its input and ends with 5. */
  readonly run?: (peer: StreamPeer) => void;
  /** Answers by `METHOD path`: a value as JSON, a list of `lines` as JSON lines, `bytes` as they are. */
  readonly answers?: Readonly<Record<string, unknown>>;
}

/** A request as the daemon got it. */
export interface SeenRequest {
  readonly call: string;
  readonly namespace: string | undefined;
  readonly body: string;
}

/** A daemon with one container that does what it is told. `calls` are the requests that it got. */
export async function containerDaemon(
  t: TestContext,
  { run = echo, answers = {} }: Behaviour,
): Promise<{ readonly socket: string; readonly calls: string[]; readonly requests: SeenRequest[] }> {
  const calls: string[] = [];
  const requests: SeenRequest[] = [];
  const peers = new Set<StreamPeer>();
  const socket = await fakeDaemon(t, {
    request(request, response) {
      const call = `${request.method} ${request.url?.replace('/berth/v1', '')}`;
      calls.push(call);
      const signal = /\/kill\?signal=(\w+)/.exec(call)?.[1];
      if (signal !== undefined) for (const peer of peers) peer.send(frameTypes.stdout, `got ${signal}\n`);
      if (signal === 'SIGTERM') for (const peer of peers) peer.send(frameTypes.exit, '{"exitCode":143}');
      const answer =
        answers[call] ?? (call === 'POST /containers' ? { id: 'c'.repeat(64), name: 'c', warnings: [] } : {});
      const namespace = request.headers['berth-namespace'];
      // After the whole body: a client that is still sending would be cut off.
      void text(request).then((body) => {
        requests.push({ call, namespace: typeof namespace === 'string' ? namespace : undefined, body });
        write(response, answer);
      });
    },
    stream(peer, request) {
      calls.push(`upgrade ${request.url?.replace('/berth/v1', '')}`);
      peers.add(peer);
      run(peer);
    },
  });
  return { socket, calls, requests };
}

function write(response: ServerResponse, answer: unknown): void {
  const { error, lines, bytes } = answer as { error?: unknown; lines?: readonly unknown[]; bytes?: string };
  if (lines !== undefined) response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  else if (bytes !== undefined) response.end(bytes);
  else response.writeHead(error === undefined ? 200 : 409).end(JSON.stringify(answer));
}

function echo(peer: StreamPeer): void {
  peer.send(frameTypes.started);
  peer.onFrame(({ type, payload }) => {
    if (type === frameTypes.stdin) peer.send(frameTypes.stdout, payload);
    if (type === frameTypes.stdinClose) peer.send(frameTypes.exit, '{"exitCode":5}');
  });
}
