import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CriClient } from '../../harness/cri-client.ts';
import { pluginFolder } from '../../harness/cri-network.ts';
import { Engine } from '../../harness/engine.ts';
import { processTable } from '../../harness/process-table.ts';
import { Containerd } from '../peer/containerd.ts';

/** Who serves the CRI in a measurement. */
export interface CriServer extends AsyncDisposable {
  readonly name: string;
  readonly client: CriClient;
  /** Where the cgroups of its pods belong. */
  readonly cgroupParent: string;
  /** The daemon and its shims, without what runs in the pods. */
  pids(): number[];
}

/** The same for all servers of a measurement. */
export interface ServerPlace {
  /** A folder with a configuration of the network below it. */
  readonly home: string;
  /** Folder of the CNI configuration. */
  readonly network: string;
  /** A reference to the image of the peer's sandboxes. */
  readonly pause: string;
}

export const own = 'berth';
export const ownBridge = 'berth, built-in bridge';
export const peer = 'containerd, runc';

/** @param builtin with the bridge that is built in, instead of the CNI configuration */
export async function berthServer({ home, network }: ServerPlace, builtin = false): Promise<CriServer> {
  const config = path.join(home, `berthd${builtin ? '-builtin' : ''}.toml`);
  const none = path.join(home, 'no-net.d');
  mkdirSync(none, { recursive: true });
  const lines = [
    '[network]',
    `cni_conf = "${builtin ? none : network}"`,
    `cni_bin = ["${pluginFolder()}"]`,
    `cni_cache = "${path.join(home, 'cni-cache')}"`,
    ...(builtin ? ['builtin = true', 'subnet = "10.91.0.0/16"', 'bridge = "cri-bench1"'] : []),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const engine = await Engine.start({ env: { BERTH_CONFIG: config } });
  try {
    const client = await CriClient.open(engine.socket);
    return {
      name: builtin ? ownBridge : own,
      client,
      cgroupParent: engine.cgroupParent,
      pids: () => [engine.pid, ...pidsOf(engine.run).filter((pid) => pid !== engine.pid)],
      [Symbol.asyncDispose]: async () => {
        await client[Symbol.asyncDispose]();
        await engine[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

/** Debian's, with runc. Undefined when it is not here, and could not be fetched. */
export async function containerdServer(place: ServerPlace): Promise<CriServer | undefined> {
  const containerd = await Containerd.start(undefined, { cri: true, config: (home) => containerdConfig(home, place) });
  if (containerd === undefined) return undefined;
  try {
    const client = await CriClient.open(containerd.socket);
    return {
      name: peer,
      client,
      cgroupParent: containerd.cgroupParent,
      pids: () => pidsOf(path.dirname(containerd.socket)),
      [Symbol.asyncDispose]: async () => {
        await client[Symbol.asyncDispose]();
        await containerd[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await containerd[Symbol.asyncDispose]();
    throw error;
  }
}

function containerdConfig(home: string, { network, pause }: ServerPlace): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `
[plugins."io.containerd.internal.v1.opt"]
path = "${home}/opt"
[${cri}]
sandbox_image = "${pause}"
netns_mounts_under_state_dir = true
# The machine may not let root lower a score.
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = "${pluginFolder()}"
conf_dir = "${network}"
[${cri}.containerd]
default_runtime_name = "runc"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`;
}

/** Both name their folder in the words that they start daemons and shims with. */
function pidsOf(folder: string): number[] {
  return processTable()
    .filter(({ pid, command }) => pid !== process.pid && command.includes(`${folder}/`))
    .map(({ pid }) => pid);
}
