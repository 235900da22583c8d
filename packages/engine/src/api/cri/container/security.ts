import { create } from '@bufbuild/protobuf';
import type { ContainerSecurity } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { badField, text, texts } from '../field.ts';
import { sharedSecurity } from '../pod/security.ts';

/** @param path of the message. @throws invalid_argument naming the field */
export function containerSecurity(
  given: wire.LinuxContainerSecurityContext | undefined,
  path: string,
): ContainerSecurity {
  const context = given ?? create(wire.LinuxContainerSecurityContextSchema);
  const { runAsUser, runAsGroup, runAsUsername, noNewPrivs } = context;
  if (runAsGroup !== undefined && runAsUser === undefined && runAsUsername === '')
    throw badField(`${path}.run_as_group`, 'needs run_as_user or run_as_username');
  return {
    ...sharedSecurity(context, path),
    ...capabilities(context.capabilities, `${path}.capabilities`),
    runAsUsername: text(runAsUsername, `${path}.run_as_username`),
    noNewPrivileges: noNewPrivs,
    maskedPaths: texts(context.maskedPaths, `${path}.masked_paths`),
    readonlyPaths: texts(context.readonlyPaths, `${path}.readonly_paths`),
  };
}

type Capabilities = Pick<ContainerSecurity, 'addCapabilities' | 'dropCapabilities' | 'addAmbientCapabilities'>;

function capabilities(given: wire.Capability | undefined, path: string): Capabilities {
  const { addCapabilities, dropCapabilities, addAmbientCapabilities } = given ?? create(wire.CapabilitySchema);
  return {
    addCapabilities: texts(addCapabilities, `${path}.add_capabilities`),
    dropCapabilities: texts(dropCapabilities, `${path}.drop_capabilities`),
    addAmbientCapabilities: texts(addAmbientCapabilities, `${path}.add_ambient_capabilities`),
  };
}
