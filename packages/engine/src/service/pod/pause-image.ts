import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { ReadyImage } from '#service/image/contract';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { mergeEnvironment } from '../container/program.ts';
import type { PodSpecHost } from './spec/contract.ts';
import type { PodParts } from './backend.ts';

/** The image whose program holds the namespaces, fetched when it is not here; undefined: the engine's own is used. */
export async function pauseImageOf(
  { containers, transfers, settings }: PodParts,
  context: CallContext,
): Promise<ReadyImage | undefined> {
  const { pauseImage } = settings;
  if (pauseImage === '') return undefined;
  try {
    return await containers.images.ready(context, pauseImage);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
    await transfers.pull(context, pauseImage, {}, () => undefined);
    return await containers.images.ready(context, pauseImage);
  }
}

/** The sandbox as the image's program instead of the engine's own. */
export function withPauseImage(spec: RuntimeSpec, image: ReadyImage | undefined, host: PodSpecHost): RuntimeSpec {
  if (image === undefined) return spec;
  const { Entrypoint, Cmd, Env, WorkingDir } = image.config.config ?? {};
  const process = {
    ...spec.process,
    args: [...(Entrypoint ?? []), ...(Cmd ?? [])],
    env: mergeEnvironment(spec.process.env, Env ?? []),
    cwd: WorkingDir || '/',
  };
  return { ...spec, root: { ...spec.root, path: host.rootPath }, process };
}
