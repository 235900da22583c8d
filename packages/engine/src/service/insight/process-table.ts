import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { BerthError, errnoName } from '@berth/model/error';
import type { ProcessTable } from './contract.ts';

const run = promisify(execFile);
/** USER_HZ is 100 on every architecture that we run on, proc_pid_stat(5). */
const ticksPerSecond = 100;

/** The rows of `ps` for these processes (host's pids). Without arguments, `ps -ef` from /proc itself. */
export async function processTable(pids: readonly number[], psArguments: readonly string[]): Promise<ProcessTable> {
  if (psArguments.length > 0 && psArguments.join(' ') !== '-ef') return await foreignTable(pids, psArguments);
  const users = await userNames();
  const boot = await bootTime();
  const rows = await Promise.all(pids.map((pid) => row(pid, { users, boot })));
  return {
    titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
    processes: rows.filter((one) => one !== undefined),
  };
}

interface Machine {
  readonly users: ReadonlyMap<string, string>;
  /** Seconds since 1970. */
  readonly boot: number;
}

async function row(pid: number, { users, boot }: Machine): Promise<string[] | undefined> {
  try {
    const [stat, status, cmdline] = await Promise.all(
      ['stat', 'status', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    const name = /\((.*)\)/s.exec(stat ?? '')?.[1] ?? '';
    const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
    const uid = /^Uid:\s+(\d+)/m.exec(status ?? '')?.[1] ?? '0';
    const used = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    const started = boot + Number(fields[19]) / ticksPerSecond;
    const age = Math.max(1, Date.now() / 1000 - started);
    const command = (cmdline ?? '').replace(/\0+$/, '').replaceAll('\0', ' ');
    return [
      users.get(uid) ?? uid,
      String(pid),
      fields[1] ?? '0',
      String(Math.min(99, Math.floor((100 * used) / age))),
      startTime(started),
      terminalName(Number(fields[4])),
      clock(used),
      command === '' ? `[${name}]` : command,
    ];
  } catch (error) {
    // It ended meanwhile.
    if (errnoName(error) === 'ENOENT' || errnoName(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function startTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const isToday = Date.now() - date.getTime() < 24 * 3600 * 1000;
  if (isToday) return `${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${date.toLocaleString('en', { month: 'short' })}${two(date.getDate())}`;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Device numbers of terminals: 136 to 143 are pts, proc_pid_stat(5) tty_nr. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${(major - 136) * 256 + minor}` : '?';
}

async function userNames(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return new Map(text.split('\n').map((line) => [line.split(':')[2] ?? '', line.split(':')[0] ?? '']));
}

async function bootTime(): Promise<number> {
  return Number(/^btime (\d+)/m.exec(await readFile('/proc/stat', 'utf8'))?.[1] ?? 0);
}

async function foreignTable(pids: readonly number[], psArguments: readonly string[]): Promise<ProcessTable> {
  const [title = '', ...lines] = (await runPs(psArguments)).trimEnd().split('\n');
  const titles = title.trim().split(/\s+/);
  const column = titles.indexOf('PID');
  if (column < 0) {
    throw new BerthError('invalid_argument', `ps ${psArguments.join(' ')} prints no PID column`, {
      hint: 'choose a format that has one, such as -ef or aux',
    });
  }
  const wanted = new Set(pids.map(String));
  const rows = lines.map((line) => splitRow(line, titles.length)).filter((fields) => wanted.has(fields[column] ?? ''));
  return { titles, processes: rows };
}

async function runPs(psArguments: readonly string[]): Promise<string> {
  try {
    return (await run('ps', [...psArguments], { maxBuffer: 16 << 20 })).stdout;
  } catch (cause) {
    if (errnoName(cause) === 'ENOENT') {
      throw new BerthError('failed_precondition', 'ps is not installed on this machine', {
        hint: 'install procps, or give no ps arguments',
      });
    }
    const text = (cause as { stderr?: string }).stderr?.trim().split('\n')[0];
    throw new BerthError('invalid_argument', `ps ${psArguments.join(' ')}: ${text ?? String(cause)}`, { cause });
  }
}

/** The last column may hold spaces. */
function splitRow(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')];
}
