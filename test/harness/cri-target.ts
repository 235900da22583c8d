import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Containerd } from '../bench/peer/containerd.ts';
import { findPeer } from '../bench/peer/packages.ts';
import { CriImages } from './cri-images.ts';
import { pluginFolder, writeNetwork } from './cri-network.ts';
import { Engine, whySkipped } from './engine.ts';
import { belongings } from './leaks.ts';
import { eventPatience } from './patience.ts';
import { whyNoRegistry } from './registry.ts';
import { mountsBelow } from './sweep.ts';

/** A server of the CRI under test, with a pod network and a registry of images. */
export interface CriTarget extends AsyncDisposable {
  readonly name: string;
  readonly socket: string;
  /** Of containerd; absent for who is held to do everything. */
  readonly version?: readonly [major: number, minor: number];
  /** Where the cgroups of its pods belong. */
  readonly cgroupParent: string;
  readonly images: CriImages;
  /** The name of a second runtime handler. */
  readonly otherHandler: string;
  /** Ends the server as a crash does, and starts it again; its pods go on. */
  restart(): Promise<void>;
  /** @throws AssertionError for what its pods left, once all of them were removed */
  assertNothingLeft(): Promise<void>;
}

/** Why no target can be had here; false when one can. */
export const whyNoTarget: string | false =
  whySkipped || whyNoRegistry || (pluginFolder() === undefined && 'needs the plugins of containernetworking-plugins');

export const whyNoContainerdTarget: string | false =
  whyNoTarget || (findPeer('containerd') === undefined && 'there is no containerd on this machine');

/** Debian's containerd. */
export async function containerdTarget(): Promise<CriTarget> {
  await using parts = new AsyncDisposableStack();
  const images = parts.use(await CriImages.start());
  const pause = await images.reference('pause');
  let home = '';
  const config = (folder: string) => containerdConfig((home = folder), pause);
  const containerd = await Containerd.start(undefined, { cri: true, config });
  assert.ok(containerd !== undefined, 'containerd does not start');
  parts.use(containerd);
  const version = /Server:\s+Version:\s+v?(\d+)\.(\d+)/.exec(await containerd.expect(['version']));
  const all = parts.move();
  return {
    name: 'containerd',
    socket: containerd.socket,
    version: [Number(version?.[1]), Number(version?.[2])],
    cgroupParent: containerd.cgroupParent,
    images,
    otherHandler: 'other',
    restart: () => containerd.restart(),
    assertNothingLeft: async () => {
      const left = mountsBelow(home).filter((mount) => mount.includes('.v1.cri/') || mount.includes('/netns/'));
      assert.deepEqual([...left, ...addressesIn(home)], [], 'left behind');
    },
    [Symbol.asyncDispose]: async () => await all.disposeAsync(),
  };
}

/** A `berthd` of the test's own. */
export async function berthTarget(): Promise<CriTarget> {
  await using parts = new AsyncDisposableStack();
  const images = parts.use(await CriImages.start());
  const home = mkdtempSync('/tmp/bt-cri-');
  parts.defer(() => rmSync(home, { recursive: true, force: true }));
  const config = path.join(home, 'berthd.toml');
  writeFileSync(config, berthConfig(home));
  const engine = parts.use(await Engine.start({ env: { BERTH_CONFIG: config } }));
  const all = parts.move();
  return {
    name: 'berthd',
    socket: engine.socket,
    cgroupParent: engine.cgroupParent,
    images,
    otherHandler: 'other',
    restart: async () => {
      await engine.kill9();
      await engine.launch();
    },
    assertNothingLeft: async () => {
      assert.deepEqual(await podThings(engine), [], 'left behind');
      assert.deepEqual(addressesIn(home), [], 'left behind');
    },
    [Symbol.asyncDispose]: async () => await all.disposeAsync(),
  };
}

/** What of an engine is a pod's: processes but the daemon's own launcher, mounts, cgroups, once they had time to go. */
async function podThings(engine: Engine): Promise<string[]> {
  let left: string[] = [];
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(50)) {
    const { process = [], mount = [], cgroup = [] } = belongings(engine);
    left = [...process.filter((line) => !line.includes('berth-launcher')), ...mount, ...cgroup];
    if (left.length === 0) return left;
  }
  return left;
}

function containerdConfig(home: string, pause: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `
[plugins."io.containerd.internal.v1.opt"]
path = "${home}/opt"
[${cri}]
sandbox_image = "${pause}"
netns_mounts_under_state_dir = true
# The machine of a test may not let root lower a score.
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = "${pluginFolder()}"
conf_dir = "${writeNetwork(home)}"
[${cri}.containerd]
default_runtime_name = "runc"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.other]
runtime_type = "io.containerd.runc.v2"
`;
}

function berthConfig(home: string): string {
  return `
[network]
cni_conf = "${writeNetwork(home, '10.86')}"
cni_bin = ["${pluginFolder()}"]
cni_cache = "${path.join(home, 'cni-cache')}"
[runtimes.other]
binary = "${findPeer('runc')}"
`;
}

/** Addresses that the host-local plugin has given and nobody gave back. */
function addressesIn(home: string): string[] {
  const folder = path.join(home, 'ipam', 'cri-test');
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  return readdirSync(folder).filter((name) => /^\d/.test(name));
}
