import { timed } from '../statistics.ts';
import { untilReady, untilTerm, type Workload } from './workload.ts';

/** In the order of a life. */
export const timedCalls = [
  'RunPodSandbox',
  'CreateContainer',
  'StartContainer',
  'ExecSync of true',
  'PodSandboxStatus',
  'ContainerStatus',
  'ListContainers',
  'ListPodSandbox',
  'Status',
  'ListImages',
  'StopContainer',
  'RemoveContainer',
  'StopPodSandbox',
  'RemovePodSandbox',
] as const;

export type TimedCall = (typeof timedCalls)[number];

/** Milliseconds of each call. */
export type Recorded = Map<TimedCall, number[]>;

export function newRecord(): Recorded {
  return new Map(timedCalls.map((call) => [call, []]));
}

/** A pod with a container from its making to its end, every call timed. */
export async function recordLife(workload: Workload, record: Recorded): Promise<void> {
  const { runtime, images } = workload.server.client;
  const time = async <T>(call: TimedCall, run: () => Promise<T>): Promise<T> => {
    let answer: T | undefined;
    record.get(call)!.push(await timed(async () => (answer = await run())));
    return answer as T;
  };
  const config = workload.podConfig();
  const pod = await time('RunPodSandbox', () => workload.pod(config));
  const request = { podSandboxId: pod, config: workload.containerConfig(untilTerm), sandboxConfig: config };
  const { containerId } = await time('CreateContainer', () => runtime.createContainer(request));
  await time('StartContainer', () => runtime.startContainer({ containerId }));
  await untilReady({ id: containerId, log: `${config.logDirectory}/app.log` });
  const cmd = ['/bin/true'];
  await time('ExecSync of true', () => runtime.execSync({ containerId, cmd, timeout: 10n }));
  await time('PodSandboxStatus', () => runtime.podSandboxStatus({ podSandboxId: pod }));
  await time('ContainerStatus', () => runtime.containerStatus({ containerId }));
  await time('ListContainers', () => runtime.listContainers());
  await time('ListPodSandbox', () => runtime.listPodSandbox());
  await time('Status', () => runtime.status());
  await time('ListImages', () => images.listImages());
  await time('StopContainer', () => runtime.stopContainer({ containerId, timeout: 10n }));
  await time('RemoveContainer', () => runtime.removeContainer({ containerId }));
  await time('StopPodSandbox', () => runtime.stopPodSandbox({ podSandboxId: pod }));
  await time('RemovePodSandbox', () => runtime.removePodSandbox({ podSandboxId: pod }));
  workload.removeCgroups(config.linux?.cgroupParent);
}
