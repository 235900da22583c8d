import { existsSync, writeFileSync } from 'node:fs';
import { BerthError, isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import type { ContainerCreate, ContainerCreated } from '@berth/wire/native/api';
import { printError } from './print/output.ts';

/** When `run` and `create` bring the image from its registry. */
export type PullPolicy = 'always' | 'missing' | 'never';

export interface CreateOptions {
  readonly cidfile: string | undefined;
  readonly pull: PullPolicy;
  /** Say nothing of a pull. */
  readonly quiet: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** The parts of a command's flags that are not about the container itself. */
export function createOptions(
  flags: { readonly cidfile: string | undefined; readonly pull: PullPolicy | undefined; readonly quiet: boolean },
  env: NodeJS.ProcessEnv,
): CreateOptions {
  return { cidfile: flags.cidfile, pull: flags.pull ?? 'missing', quiet: flags.quiet, env };
}

/**
 * Creates a container, of an image that is brought first where `pull` wants it, and tells the daemon's warnings.
 * @throws not_found with what to do about an absent image
 */
export async function createContainer(
  client: BerthClient,
  config: ContainerCreate,
  options: CreateOptions,
): Promise<ContainerCreated> {
  const { cidfile } = options;
  if (cidfile !== undefined && existsSync(cidfile)) {
    throw new BerthError('already_exists', `container ID file found: ${cidfile}`, {
      hint: `make sure that the other container does not run, or delete ${cidfile}`,
    });
  }
  const created = await createWithImage(client, config, options);
  for (const warning of created.warnings) printError(`warning: ${warning}\n`);
  if (cidfile !== undefined) writeFileSync(cidfile, created.id);
  return created;
}

async function createWithImage(
  client: BerthClient,
  config: ContainerCreate,
  options: CreateOptions,
): Promise<ContainerCreated> {
  if (options.pull === 'always') await bringImage(client, config.image, options);
  try {
    return await client.containers.create(config);
  } catch (error) {
    if (!isKind(error, 'not_found') || error.code !== 'no_such_image' || options.pull === 'always') throw error;
    if (options.pull === 'never') throw absentImage(config.image, error);
    // What is no name is no image anywhere.
    (await import('@berth/model/reference')).parseReference(config.image);
    printError(`Unable to find image '${withTag(config.image)}' locally\n`);
  }
  await bringImage(client, config.image, options);
  return await client.containers.create(config);
}

/** All of it is told on standard error: standard output is the container's. */
async function bringImage(client: BerthClient, ref: string, { quiet, env }: CreateOptions): Promise<void> {
  // Loaded only here: a container whose image is there starts without it.
  const { pullImage, pullReport } = await import('./pull-image.ts');
  const credentials = { 'password-stdin': false };
  const result = await pullImage(client, { ref, mode: quiet ? 'quiet' : 'auto', credentials }, env);
  if (!quiet) printError(pullReport(ref, result, false).replace(/[^\n]*\n$/, ''));
}

function withTag(image: string): string {
  return /[:@]/.test(image.slice(image.lastIndexOf('/') + 1)) ? image : `${image}:latest`;
}

function absentImage(image: string, cause: BerthError): BerthError {
  return new BerthError('not_found', `unable to find image '${withTag(image)}' locally`, {
    code: cause.code,
    hint: `get it with 'berth pull ${image}' or 'berth load', or leave --pull=never away`,
    cause,
  });
}
