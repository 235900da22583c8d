import { BerthError } from '@berth/model/error';
import type { ContainerCreate } from '@berth/wire/native/api';

type Ulimit = NonNullable<ContainerCreate['ulimits']>[number];

/** The kernel's limits (getrlimit(2)) without their prefix. */
const names = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/** `nofile=1024`, `nofile=1024:2048`, `core=-1`. @throws invalid_argument */
export function parseUlimit(text: string): Ulimit {
  const [, name = '', soft = '', hard] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === '')
    throw new BerthError('invalid_argument', `invalid ulimit: ${text}`, { hint: 'write nofile=1024:2048' });
  if (!names.includes(name)) throw new BerthError('invalid_argument', `unknown ulimit '${name}'`);
  const limit = { name, soft: Number(soft), hard: Number(hard ?? soft) };
  if (limit.hard !== -1 && (limit.soft === -1 || limit.soft > limit.hard)) {
    throw new BerthError(
      'invalid_argument',
      `the soft limit of ${name} is above the hard one: ${soft} > ${limit.hard}`,
    );
  }
  return limit;
}
