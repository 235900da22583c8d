import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Terminal } from '../harness/tty.ts';
import { type CrictlPlace, eventually, RunningCrictl, type Step } from './crictl-place.ts';

type Transport = 'spdy' | 'websocket';

interface StreamStep {
  readonly name: string;
  readonly run: (place: CrictlPlace, transport: Transport) => Promise<void>;
}

const byTransport: readonly StreamStep[] = [
  {
    name: 'exec',
    run: async ({ crictl, box }, transport) => {
      const script = 'echo out; echo err >&2; exit 7';
      const { stdout, stderr } = await crictl.run(['exec', '--transport', transport, box, 'sh', '-c', script]);
      assert.equal(stdout, 'out\n');
      assert.match(stderr, /^err$/m);
      assert.match(stderr, /terminated with exit code 7/);
    },
  },
  {
    name: 'exec --interactive: the input has an end',
    run: async ({ crictl, box }, transport) => {
      const args = ['exec', '--interactive', '--transport', transport, box, 'sh', '-c', 'cat; echo end'];
      const { code, stdout, stderr } = await crictl.run(args, 'words\n'.repeat(10_000));
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `${'words\n'.repeat(10_000)}end\n`);
    },
  },
  {
    name: 'exec --interactive --tty',
    run: async ({ crictl, box }, transport) => {
      const words = crictl.command('exec', '--interactive', '--tty', '--transport', transport, box, 'sh');
      await using terminal = new Terminal(words, { rows: 31, columns: 97 });
      await terminal.until('#');
      terminal.type('until [ "$(stty size)" = "31 97" ]; do sleep 0.1; done; echo size"d"\r');
      await terminal.until('sized');
      terminal.resize(41, 103);
      terminal.type('until [ "$(stty size)" = "41 103" ]; do sleep 0.1; done; echo size"d again"\r');
      await terminal.until('sized again');
      terminal.type('exit 5\r');
      await terminal.until('terminated with exit code 5');
    },
  },
  {
    name: 'attach',
    run: async ({ crictl, box }, transport) => {
      using client = new RunningCrictl(crictl.command('attach', '--stdin', '--transport', transport, box));
      await eventually(() => {
        client.write(`${transport}\n`);
        return client.output.includes(`got ${transport}\n`);
      });
    },
  },
  {
    name: 'port-forward',
    run: async (place, transport) => {
      const { crictl, pod } = place;
      const port = transport === 'spdy' ? 7001 : 7002;
      const command = ['nc', '-ll', '-p', String(port), '-e', 'sh', '-c', 'echo from $(hostname)'];
      const id = await place.create(`nc-${transport}`, command);
      await crictl.expect('start', id);
      const ports = `${port + 100}:${port}`;
      using client = new RunningCrictl(crictl.command('port-forward', '--transport', transport, pod, ports));
      await eventually(() => client.output.includes('Forwarding from'));
      await eventually(async () => (await said(port + 100)) === 'from here\n');
      await crictl.expect('rm', '--force', id);
    },
  },
];

/** exec, attach and port-forward by each of crictl's transports. */
export const streamSteps: readonly Step[] = (['spdy', 'websocket'] as const).flatMap((transport) =>
  byTransport.map(({ name, run }) => ({
    name: `${name} by ${transport}`,
    ...(transport === 'spdy' ? {} : { missingInContainerd: 'the protocols that crictl wants over WebSocket' }),
    run: (place) => run(place, transport),
  })),
);

async function said(port: number): Promise<string> {
  return await text(connect({ host: '127.0.0.1', port })).catch(() => '');
}
