import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { SpecError } from './finding.ts';
import type { Finding } from './finding.ts';
import type { HostView } from './host-view.ts';
import { thisHost } from './host-view.ts';
import { withoutIgnored, withoutIgnoredOfProcess } from './ignored.ts';
import { ofHost, ofProcess, ofResources, ofRootless, ofSpec } from './rule/all.ts';
import { applyRules } from './rule/rule.ts';
import type { Findings } from './rule/rule.ts';
import { Report } from './shape/guard.ts';
import type { Guard } from './shape/guard.ts';
import { processShape } from './shape/process.ts';
import { resourcesShape } from './shape/resources.ts';
import { specShape } from './shape/spec.ts';

/** A value from a file that can be used, and what is odd about it without being wrong. */
export interface Validated<T> {
  readonly value: T;
  readonly warnings: readonly Finding[];
}

export interface ValidSpec {
  readonly spec: RuntimeSpec;
  readonly warnings: readonly Finding[];
}

/**
 * The runtime spec in a JSON value, with defaults filled in, deprecated spellings made modern and what is ignored with
 * a warning left out. Unknown members are kept unseen. Throws `SpecError` with all findings: first those of shape; only
 * when there are none, contradictions are looked for. Nothing of the host is read.
 */
export function validateSpec(value: unknown): ValidSpec {
  const spec = shaped(specShape, value);
  const warnings = judged(
    applyRules(ofSpec, spec),
    applyRules(ofProcess, spec.process, 'process'),
    applyRules(ofResources, spec.linux.resources ?? {}, 'linux.resources'),
  );
  return { spec: withoutIgnored(spec), warnings };
}

/** The same for the process of an exec, a process.json; paths are relative to it. */
export function validateProcess(value: unknown): Validated<ProcessSpec> {
  const process = shaped(processShape, value);
  const warnings = judged(applyRules(ofProcess, process));
  return { value: withoutIgnoredOfProcess(process), warnings };
}

/** The same for the limits of an update; paths are relative to them. */
export function validateResources(value: unknown): Validated<ResourcesSpec> {
  const resources = shaped(resourcesShape, value);
  return { value: resources, warnings: judged(applyRules(ofResources, resources)) };
}

/** What a valid spec must keep to besides when the caller is not root. Throws `SpecError`. */
export function validateRootless(spec: RuntimeSpec): void {
  judged(applyRules(ofRootless, spec));
}

/** What a valid spec must keep to besides on this machine: its namespaces are looked at. Throws `SpecError`. */
export function validateHost(spec: RuntimeSpec, host: HostView = thisHost): void {
  judged(applyRules(ofHost, { spec, host }));
}

function shaped<T>(shape: Guard<T>, value: unknown): T {
  const report = new Report();
  const clean = shape(value, report);
  if (report.findings.length > 0 || clean === undefined) throw new SpecError(report.findings);
  return clean;
}

function judged(...all: readonly Findings[]): Finding[] {
  const errors = all.flatMap((one) => one.errors);
  if (errors.length > 0) throw new SpecError(errors);
  return all.flatMap((one) => one.warnings);
}
