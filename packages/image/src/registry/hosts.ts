import { BerthError } from '@berth/model/error';
import type { RegistryOptions } from './contract.ts';
import type { Capability } from './host/endpoint.ts';
import { endpointsOf } from './host/endpoints.ts';
import { Agents } from './transport/agents.ts';
import { Session } from './transport/session.ts';
import type { Tuning } from './tuning.ts';

/** The sessions of one client, made when they are first needed. */
export class Hosts {
  readonly tuning: Tuning;
  readonly agents = new Agents();
  readonly #options: RegistryOptions;
  readonly #sessions = new Map<string, Promise<readonly Session[]>>();

  constructor(options: RegistryOptions, tuning: Tuning) {
    this.#options = options;
    this.tuning = tuning;
  }

  get userAgent(): string {
    return this.#options.userAgent;
  }

  /**
   * Who may be asked for that, in order; the registry itself is last.
   * @throws invalid_argument (`bad_hosts_file`), failed_precondition (`no_host`)
   */
  async sessions(domain: string, capability: Capability): Promise<readonly Session[]> {
    let known = this.#sessions.get(domain);
    if (known === undefined) {
      known = this.#open(domain);
      this.#sessions.set(domain, known);
      // A file that was corrected counts at the next try.
      known.catch(() => this.#sessions.delete(domain));
    }
    const able = (await known).filter(({ endpoint }) => endpoint.capabilities.includes(capability));
    if (able.length > 0) return able;
    throw new BerthError('failed_precondition', `no host is set up to ${capability} images of ${domain}`, {
      code: 'no_host',
      hint: `look at the capabilities in the hosts.toml of ${domain}`,
    });
  }

  /** Where pushes go: the first host that takes them. */
  async pushSession(domain: string): Promise<Session> {
    return (await this.sessions(domain, 'push'))[0]!;
  }

  /** Who is asked what is there: where a push would go, so that a mirror's content does not count. */
  async askSession(domain: string): Promise<Session> {
    const pull = await this.sessions(domain, 'pull');
    return pull.find(({ endpoint }) => endpoint.capabilities.includes('push')) ?? pull.at(-1)!;
  }

  close(): void {
    this.agents.close();
  }

  async #open(domain: string): Promise<readonly Session[]> {
    const endpoints = await endpointsOf(domain, this.#options);
    const { credentials, userAgent } = this.#options;
    const shared = { agents: this.agents, credentials, userAgent, tuning: this.tuning };
    return endpoints.map((endpoint) => new Session({ ...shared, endpoint }));
  }
}

/**
 * What the first host gives that has it. A mirror that fails or lacks it is passed over; the last host is the registry,
 * and what it says is what the user hears. A mirror is asked `once`: the next host is sooner there than a repetition.
 */
export async function firstAnswer<T>(
  sessions: readonly Session[],
  signal: AbortSignal,
  ask: (session: Session, once: boolean) => Promise<T>,
): Promise<T> {
  const last = sessions.at(-1)!;
  for (const session of sessions) {
    try {
      return await ask(session, session !== last);
    } catch (error) {
      if (session === last || signal.aborted || !(error instanceof BerthError)) throw error;
    }
  }
  throw new TypeError('there is always a last host');
}
