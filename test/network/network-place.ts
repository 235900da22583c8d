import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { backgroundContext, type CallContext, type Log } from '@berth/model/context';
import { Launcher } from '@berth/runtime/shim/launcher';
import type {
  NetworkNamespaces,
  PodAttachment,
  PodNetwork,
} from '../../packages/engine/src/service/network/contract.ts';
import { networkNamespaces } from '../../packages/engine/src/service/network/namespaces.ts';
import { openPodNetwork } from '../../packages/engine/src/service/network/open.ts';
import type { PodNetworkSettings } from '../../packages/engine/src/service/network/settings.ts';
import { pluginFolder } from '../harness/cri-network.ts';

export const whyNoNetwork: string | false =
  (process.getuid?.() !== 0 && 'needs root') || (!existsSync('/sbin/ip') && 'needs iproute2');

export const whyNoPlugins: string | false =
  whyNoNetwork || (pluginFolder() === undefined && 'needs the plugins of containernetworking-plugins');

const launcherProgram = fileURLToPath(new URL('../../build/native/berth-launcher', import.meta.url));

/** The network of pods by itself, without an engine: folders of the test's own, and namespaces with nobody in them. */
export class NetworkPlace implements AsyncDisposable {
  readonly home: string;
  readonly namespaces: NetworkNamespaces;
  readonly context: CallContext;
  /** Warnings of the network. */
  readonly warnings: string[] = [];
  readonly #launcher: Launcher;
  #network: PodNetwork | undefined;

  private constructor(home: string, launcher: Launcher) {
    this.home = home;
    this.#launcher = launcher;
    this.namespaces = networkNamespaces(path.join(home, 'netns'));
    const log: Log = { debug() {}, info() {}, warn: (text) => void this.warnings.push(text), error() {} };
    this.context = backgroundContext(log, 'k8s.io');
  }

  static async open(): Promise<NetworkPlace> {
    const home = mkdtempSync('/tmp/bt-net-');
    mkdirSync(path.join(home, 'bin'));
    return new NetworkPlace(
      home,
      await Launcher.start({ binary: launcherProgram, socket: path.join(home, 'launcher') }),
    );
  }

  /** The network, as a daemon that has just started has it. */
  async start(settings: Partial<PodNetworkSettings> = {}): Promise<PodNetwork> {
    const binFolders = [path.join(this.home, 'bin'), pluginFolder() ?? '/usr/lib/cni'];
    const all: PodNetworkSettings = {
      builtin: false,
      confFolder: path.join(this.home, 'net.d'),
      binFolders,
      subnet: '10.71.0.0/16',
      bridge: 'bt-pods0',
      state: path.join(this.home, 'state'),
      launcher: this.#launcher,
      ...settings,
    };
    return (this.#network = await openPodNetwork(all, this.context.log));
  }

  configure(list: object, file = '10-test.conflist'): void {
    mkdirSync(path.join(this.home, 'net.d'), { recursive: true });
    writeFileSync(path.join(this.home, 'net.d', file), JSON.stringify(list));
  }

  /** A plugin of the test's own: what it is asked goes to `calls`, its input to `input-VERB`; then the script runs. */
  plugin(name: string, script: string): void {
    const file = path.join(this.home, 'bin', name);
    const head = `#!/bin/sh\necho "${name} $CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME" >> ${this.home}/calls\n`;
    writeFileSync(file, `${head}cat > ${this.home}/input-${name}-$CNI_COMMAND\n${script}\n`, { mode: 0o755 });
  }

  pod(podId: string, more: Partial<PodAttachment> = {}): PodAttachment {
    return {
      podId,
      podName: `name-${podId}`,
      podNamespace: 'default',
      podUid: `uid-${podId}`,
      netns: more.netns ?? this.namespaces.create(podId),
      portMappings: [],
      annotations: {},
      cgroupParent: '/kubepods/pod1',
      ...more,
    };
  }

  /** Of results and leases. */
  kept(): string[] {
    const folders = [path.join(this.home, 'state/cni/results'), path.join(this.home, 'state/bridge')];
    return folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network?.[Symbol.asyncDispose]();
    await this.#launcher[Symbol.asyncDispose]();
    for (const file of this.namespaces.list()) this.namespaces.remove(file);
    rmSync(this.home, { recursive: true, force: true });
  }
}
