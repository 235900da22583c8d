import { BerthError } from '@berth/model/error';

/** Whether a thing of a list is wanted. */
export type Filter<T> = (item: T) => boolean;

/** Filters by their key. Each checks its value when it is made, so that a mistake is told where there is nothing, too. */
export type FilterMakers<T> = Readonly<Record<string, (value: string) => Filter<T>>>;

interface Wish {
  readonly key: string;
  readonly value: string;
}

/**
 * Filters of one key are alternatives, different keys must all match (docker's rule; labels must all match).
 * @throws invalid_argument (`bad_filter`)
 */
export function filterOf<T>(texts: readonly string[], makers: FilterMakers<T>): Filter<T> {
  const wishes = texts.map((text) => parse(text, Object.keys(makers)));
  const groups = [...new Set(wishes.map(({ key }) => key))].map((key): Filter<T> => {
    const own = wishes.filter((wish) => wish.key === key).map(({ value }) => makers[key]!(value));
    return key === 'label' ? (item) => own.every((one) => one(item)) : (item) => own.some((one) => one(item));
  });
  return (item) => groups.every((group) => group(item));
}

function parse(text: string, known: readonly string[]): Wish {
  const at = text.indexOf('=');
  if (at <= 0) throw badFilter(`bad filter '${text}'`, 'a filter reads name=value');
  const key = text.slice(0, at);
  if (!known.includes(key)) throw badFilter(`unknown filter '${key}'`, `filters are ${known.join(', ')}`);
  return { key, value: text.slice(at + 1) };
}

/** Docker's names are regular expressions, which match anywhere; a slash in front is from the days of links. */
export function byName<T>(nameOf: (item: T) => string): (value: string) => Filter<T> {
  return (value) => {
    try {
      const pattern = new RegExp(value.replace(/^(\^?)\//, '$1'));
      return (item) => pattern.test(nameOf(item));
    } catch (cause) {
      throw badFilter(`name: '${value}' is no regular expression`, 'such as ^web-[0-9]+$', cause);
    }
  };
}

/** `name`, or `name=value`. */
export function byLabel<T>(labelsOf: (item: T) => Readonly<Record<string, string>>): (value: string) => Filter<T> {
  return (value) => {
    const [name = '', expected] = value.split(/=(.*)/s, 2);
    return (item) => {
      const label = labelsOf(item)[name];
      return label !== undefined && (expected === undefined || label === expected);
    };
  };
}

/** One of the words. */
export function byWord<T>(words: readonly string[], wordOf: (item: T) => string): (value: string) => Filter<T> {
  return (value) => {
    if (!words.includes(value)) throw badFilter(`unknown status '${value}'`, `one of ${words.join(', ')}`);
    return (item) => wordOf(item) === value;
  };
}

export function badFilter(message: string, hint: string, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', message, {
    code: 'bad_filter',
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
