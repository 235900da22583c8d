import { BerthError } from '@berth/model/error';
import type { ContainerView } from '#service/container/contract';

export type ContainerFilter = (view: ContainerView) => boolean;

interface Wish {
  readonly key: string;
  readonly value: string;
}

type Makers = Readonly<Record<string, (value: string) => ContainerFilter>>;

const states = ['created', 'running', 'paused', 'exited', 'dead'];

/** Each checks its value when it is made, so that a mistake is told where there is no container, too. */
const makers: Makers = {
  id: (value) => (view) => view.id.startsWith(value),
  name: byName,
  status(value) {
    if (!states.includes(value)) throw bad(`unknown status '${value}'`, `one of ${states.join(', ')}`);
    return ({ state }) => state.status === value;
  },
  ancestor:
    (value) =>
    ({ config, image }) =>
      config.image === value || image.ref === value || image.target.includes(value),
  exited(value) {
    if (!/^-?\d+$/.test(value)) throw bad(`exited: '${value}' is not an exit code`, 'a whole number');
    return ({ state }) => state.status === 'exited' && state.exitCode === Number(value);
  },
  label(value) {
    const [name = '', expected] = value.split(/=(.*)/s, 2);
    return ({ config }) => {
      const label = config.labels?.[name];
      return label !== undefined && (expected === undefined || label === expected);
    };
  },
};

/**
 * Filters of one key are alternatives, different keys must all match (docker's rule; labels must all match).
 * @throws invalid_argument (`bad_filter`)
 */
export function containerFilter(texts: readonly string[]): ContainerFilter {
  const wishes = texts.map(parse);
  const groups = [...new Set(wishes.map(({ key }) => key))].map((key): ContainerFilter => {
    const own = wishes.filter((wish) => wish.key === key).map(({ value }) => makers[key]!(value));
    return key === 'label' ? (view) => own.every((one) => one(view)) : (view) => own.some((one) => one(view));
  });
  return (view) => groups.every((group) => group(view));
}

function parse(text: string): Wish {
  const at = text.indexOf('=');
  if (at <= 0) throw bad(`bad filter '${text}'`, 'a filter reads name=value');
  const key = text.slice(0, at);
  if (!Object.hasOwn(makers, key))
    throw bad(`unknown filter '${key}'`, `filters are ${Object.keys(makers).join(', ')}`);
  return { key, value: text.slice(at + 1) };
}

/** Docker's names are regular expressions, which match anywhere; a slash in front is from the days of links. */
function byName(value: string): ContainerFilter {
  try {
    const pattern = new RegExp(value.replace(/^(\^?)\//, '$1'));
    return ({ name }) => pattern.test(name);
  } catch (cause) {
    throw bad(`name: '${value}' is no regular expression`, 'such as ^web-[0-9]+$', cause);
  }
}

function bad(message: string, hint: string, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', message, {
    code: 'bad_filter',
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
