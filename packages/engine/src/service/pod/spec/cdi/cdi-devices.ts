import type { PodContainerConfig } from '@berth/model/pod-config';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { withCdiDevices } from './apply-edits.ts';
import { findDevices } from './find-device.ts';

/** Annotations that name devices, from before the CRI had a field for them; the end is anybody's. */
const annotationPrefix = 'cdi.k8s.io/';

/** The spec with the container's CDI devices (github.com/cncf-tags/container-device-interface). @throws as `findDevices` */
export function withCdi(spec: RuntimeSpec, config: PodContainerConfig, folders: readonly string[]): RuntimeSpec {
  const names = deviceNames(config);
  return names.length === 0 ? spec : withCdiDevices(spec, findDevices(names, folders));
}

function deviceNames({ cdiDevices, annotations }: PodContainerConfig): string[] {
  const annotated = Object.entries(annotations)
    .filter(([key]) => key.startsWith(annotationPrefix))
    .flatMap(([, value]) => value.split(',').map((name) => name.trim()));
  return [...new Set([...cdiDevices, ...annotated])];
}
