import { isScope } from '../../cgroup/spec-place.ts';
import { shimRecord } from '../../compile/shim-record.ts';
import { list, onHost } from '../../compile/step.ts';
import { askToken } from '../../plan/ask-token.ts';
import type { Plan, PlanRecord } from '../../plan/record.ts';
import type { ContainerPlace, ExecRequest, StartPlanOptions } from '../contract.ts';
import { type CommandFiles, commandFiles, createArguments, execArguments, startArguments } from './arguments.ts';
import type { CommandRuntimeOptions } from './options.ts';
import { rootMountRecords } from '../root-mount.ts';

/** A runtime that hangs must not hang its shim for ever, ms. Hooks of the spec run inside. */
const patience = 10 * 60_000;

/**
 * The shim calls `create`, which leaves the container's process to it, its subreaper, and then `start`. Standard
 * streams are the shim's pipes, or the terminal that the runtime hands over.
 */
export function startRecords(
  options: CommandRuntimeOptions,
  place: ContainerPlace,
  { created, rootMounts = [] }: StartPlanOptions,
): Plan {
  const { id, bundle, folder, shim, stdin, spec, root } = place;
  const files = commandFiles(folder);
  const terminal = spec.process.terminal === true;
  const words = { id, bundle, files, terminal, systemd: isScope(spec.linux.cgroupsPath ?? '') };
  const records: PlanRecord[] = [
    shimRecord(shim),
    ...stdioRecords(files, { stdin, terminal }),
    ...(root === undefined ? [] : rootMountRecords(rootMounts, root.hostTarget)),
    program(createArguments(options, words)),
    onHost('adopt', { pidFile: files.pid }),
    ...(created ? [onHost('ask', { token: askToken.created, keep: 1 })] : []),
    program(startArguments(options, words)),
  ];
  return { records };
}

/** `exec --detach` ends at once, and leaves the process to the shim as `create` does. */
export function execRecords(options: CommandRuntimeOptions, place: ContainerPlace, exec: ExecRequest): Plan {
  const files = commandFiles(place.folder, exec.number);
  const terminal = exec.process.terminal === true;
  return {
    records: [
      ...stdioRecords(files, { stdin: exec.stdin, terminal }),
      program(execArguments(options, { id: place.id, files, terminal })),
      onHost('adopt', { pidFile: files.pid }),
    ],
  };
}

function stdioRecords(
  files: CommandFiles,
  { stdin, terminal }: { readonly stdin: boolean; readonly terminal: boolean },
): PlanRecord[] {
  const stdio = onHost('stdio', { stdin: stdin ? 1 : 0, terminal: terminal ? 1 : 0 });
  // The runtime sends the terminal's master there; `adopt` takes it.
  return terminal ? [stdio, onHost('gate_listen', { path: files.console })] : [stdio];
}

function program(words: readonly string[]): PlanRecord {
  return onHost('run_program', {
    path: words[0] ?? '',
    argv: list(words),
    env: list([`PATH=${process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'}`]),
    cwd: '/',
    timeout: patience,
  });
}
