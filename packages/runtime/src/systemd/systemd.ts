import { existsSync } from 'node:fs';
import { BerthError, isKind } from '@berth/model/error';
import { socketOfAddress } from './address.ts';
import { Bus } from './bus.ts';
import type { Message } from './message.ts';
import { isVariant } from './value.ts';
import type { Value, Variant } from './value.ts';

/** Which manager, and where things are on this machine. */
export interface SystemdOptions {
  /** The user's own manager instead of the system's. */
  readonly rootless?: boolean;
  /** Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: `/run`. */
  readonly runFolder?: string;
}

/** A unit's property, systemd.resource-control(5) and org.freedesktop.systemd1(5). */
export type UnitProperty = readonly [name: string, value: Variant];

const name = 'org.freedesktop.systemd1';
const manager = { destination: name, path: '/org/freedesktop/systemd1', interface: `${name}.Manager` };
/** How long a job may take; runc waits as long. */
const jobPatience = 30_000;

/** systemd's manager over D-Bus, org.freedesktop.systemd1(5). */
export class Systemd {
  readonly #bus: Bus;
  /** Results of finished jobs by object path: the signal may come before the answer that names the job. */
  readonly #finished = new Map<string, string>();
  #notify: () => void = () => undefined;

  private constructor(bus: Bus) {
    this.#bus = bus;
    bus.onSignal((signal) => this.#jobRemoved(signal));
  }

  /** Throws `failed_precondition` (`no_systemd`) where systemd does not run, `unavailable` where it does not answer. */
  static async open(options: SystemdOptions = {}): Promise<Systemd> {
    const bus = await connectAny(options);
    try {
      await bus.call({ ...manager, member: 'Subscribe' });
      return new Systemd(bus);
    } catch (error) {
      bus.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#bus.close();
  }

  /** 252 of `252.38-1~deb12u1`, `v245.4-1.fc32`. */
  async version(): Promise<number> {
    const text = await this.#property('Version');
    const number = Number(/^v?([0-9]+)/.exec(text)?.[1]);
    if (Number.isNaN(number)) throw new BerthError('internal', `systemd has an odd version: ${text}`);
    return number;
  }

  /** The manager's own cgroup, '' for the root. */
  async controlGroup(): Promise<string> {
    return await this.#property('ControlGroup');
  }

  /** Makes a unit and waits until its job is done. Throws `already_exists` when there is one of the name. */
  async startTransientUnit(unit: string, properties: readonly UnitProperty[]): Promise<void> {
    const body: Value[] = [unit, 'replace', properties.map(([key, value]) => [key, value]), []];
    try {
      await this.#job(`start of ${unit}`, { member: 'StartTransientUnit', signature: 'ssa(sv)a(sa(sv))', body });
    } catch (error) {
      if (!hasCode(error, `${name}.UnitExists`)) throw error;
      throw new BerthError('already_exists', `systemd has a unit ${unit} already`, {
        code: 'unit_exists',
        cause: error,
      });
    }
  }

  /** Ends a unit and waits for it; no error when there is none. */
  async stopUnit(unit: string): Promise<void> {
    try {
      await this.#job(`stop of ${unit}`, { member: 'StopUnit', signature: 'ss', body: [unit, 'replace'] });
    } catch (error) {
      if (!hasCode(error, `${name}.NoSuchUnit`)) throw error;
    }
  }

  /** Forgets a unit that has failed: until then its name is in use. No error when there is none. */
  async resetFailedUnit(unit: string): Promise<void> {
    try {
      await this.#bus.call({ ...manager, member: 'ResetFailedUnit', signature: 's', body: [unit] });
    } catch (error) {
      if (!hasCode(error, `${name}.NoSuchUnit`)) throw error;
    }
  }

  /** Until the next start of the machine, as scopes live no longer. */
  async setUnitProperties(unit: string, properties: readonly UnitProperty[]): Promise<void> {
    const body: Value[] = [unit, true, properties.map(([key, value]) => [key, value])];
    await this.#bus.call({ ...manager, member: 'SetUnitProperties', signature: 'sba(sv)', body });
  }

  /** Moves processes into a unit's cgroup, or one below it (`/a/b`; '' for the unit's own). */
  async attachProcesses(unit: string, folder: string, pids: readonly number[]): Promise<void> {
    const body: Value[] = [unit, folder, pids];
    await this.#bus.call({ ...manager, member: 'AttachProcessesToUnit', signature: 'ssau', body });
  }

  async #property(key: string): Promise<string> {
    const call = { ...manager, interface: 'org.freedesktop.DBus.Properties', member: 'Get' };
    const [value] = await this.#bus.call({ ...call, signature: 'ss', body: [manager.interface, key] });
    return isVariant(value) ? textOf(value.value) : '';
  }

  async #job(what: string, call: { member: string; signature: string; body: readonly Value[] }): Promise<void> {
    const [job] = await this.#bus.call({ ...manager, ...call });
    const result = await this.#resultOf(textOf(job), what);
    if (result === 'done') return;
    throw new BerthError('failed_precondition', `systemd: ${what}: the job ended with "${result}"`, {
      code: 'systemd_job',
      hint: 'see journalctl -u for the reason',
    });
  }

  async #resultOf(job: string, what: string): Promise<string> {
    const deadline = AbortSignal.timeout(jobPatience);
    for (;;) {
      const result = this.#finished.get(job);
      this.#finished.delete(job);
      if (result !== undefined) return result;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#notify = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
      // A timer of AbortSignal does not keep the process alive; the bus's socket does.
      if (deadline.aborted) {
        throw new BerthError('deadline_exceeded', `systemd: ${what}: not done in ${jobPatience} ms`, {
          code: 'systemd_job',
        });
      }
      const lost = await Promise.race([promise, this.#bus.lost]);
      if (lost instanceof Error) {
        throw new BerthError('unavailable', `systemd: ${what}: ${lost.message}`, { code: 'no_bus', cause: lost });
      }
    }
  }

  /** JobRemoved(u id, o job, s unit, s result). */
  #jobRemoved({ member, body }: Message): void {
    if (member !== 'JobRemoved') return;
    this.#finished.set(textOf(body[1]), textOf(body[3]));
    this.#notify();
  }
}

/** The bus first, as systemctl does for users; the manager's private socket works without a bus, for root only. */
async function connectAny(options: SystemdOptions): Promise<Bus> {
  const run = options.runFolder ?? '/run';
  const { bus, peer } = socketsOf(options, run);
  if (!existsSync(`${run}/systemd/system`)) {
    throw new BerthError('failed_precondition', 'systemd does not run on this machine, so it can make no cgroup', {
      code: 'no_systemd',
      hint: 'leave out --systemd-cgroup (cgroup driver: cgroupfs)',
    });
  }
  try {
    const connection = await Bus.connect(bus, { hello: true });
    await connection.subscribe(`type='signal',sender='${name}',interface='${name}.Manager',member='JobRemoved'`);
    return connection;
  } catch (error) {
    if (!isKind(error, 'unavailable') || !existsSync(peer)) throw error;
    return await Bus.connect(peer, { hello: false });
  }
}

function socketsOf(options: SystemdOptions, run: string): { bus: string; peer: string } {
  const environment = options.environment ?? process.env;
  if (!options.rootless) {
    const address = socketOfAddress(environment.DBUS_SYSTEM_BUS_ADDRESS ?? '');
    return { bus: address ?? `${run}/dbus/system_bus_socket`, peer: `${run}/systemd/private` };
  }
  const own = environment.XDG_RUNTIME_DIR ?? `${run}/user/${process.geteuid?.() ?? 0}`;
  const address = socketOfAddress(environment.DBUS_SESSION_BUS_ADDRESS ?? '');
  return { bus: address ?? `${own}/bus`, peer: `${own}/systemd/private` };
}

const textOf = (value: Value | undefined) => (typeof value === 'string' ? value : '');

const hasCode = (error: unknown, code: string) => error instanceof BerthError && error.code === code;
