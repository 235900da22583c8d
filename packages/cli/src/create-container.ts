import { existsSync, writeFileSync } from 'node:fs';
import { BerthError, isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import type { ContainerCreate, ContainerCreated } from '@berth/wire/native/api';
import { printError } from './print/output.ts';

/** Creates a container and tells the daemon's warnings. @throws not_found with what to do about an absent image */
export async function createContainer(
  client: BerthClient,
  config: ContainerCreate,
  cidfile: string | undefined,
): Promise<ContainerCreated> {
  if (cidfile !== undefined && existsSync(cidfile)) {
    throw new BerthError('already_exists', `container ID file found: ${cidfile}`, {
      hint: `make sure that the other container does not run, or delete ${cidfile}`,
    });
  }
  const created = await client.containers.create(config).catch((error: unknown) => {
    throw isKind(error, 'not_found') && error.code === 'no_such_image' ? absentImage(config.image, error) : error;
  });
  for (const warning of created.warnings) printError(`warning: ${warning}\n`);
  if (cidfile !== undefined) writeFileSync(cidfile, created.id);
  return created;
}

function absentImage(image: string, cause: BerthError): BerthError {
  const name = /[:@]/.test(image.slice(image.lastIndexOf('/') + 1)) ? image : `${image}:latest`;
  return new BerthError('not_found', `unable to find image '${name}' locally`, {
    code: cause.code,
    hint: "images are not pulled yet: load one with 'berth load -i FILE', and see 'berth images'",
    cause,
  });
}
