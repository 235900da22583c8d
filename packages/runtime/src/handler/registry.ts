import type { CgroupLayout } from '../cgroup/layout.ts';
import { AbsentHandler, unknownRuntime } from './absent.ts';
import type { RuntimeHandler } from './contract.ts';

/** The runtimes that there are, by name. */
export class RuntimeRegistry {
  readonly #handlers: ReadonlyMap<string, RuntimeHandler>;
  readonly #cgroups: CgroupLayout;

  constructor(handlers: readonly RuntimeHandler[], cgroups: CgroupLayout) {
    this.#handlers = new Map(handlers.map((handler) => [handler.name, handler]));
    this.#cgroups = cgroups;
  }

  get names(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  /** For a new container. @throws invalid_argument (`unknown_runtime`) with the names that there are */
  get(name: string): RuntimeHandler {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw unknownRuntime(name, this.names);
    return handler;
  }

  /** For a container that is there: whose runtime is not configured any more can still be ended and removed. */
  of(name: string): RuntimeHandler {
    return this.#handlers.get(name) ?? new AbsentHandler(name, this.#cgroups, this.names);
  }
}
