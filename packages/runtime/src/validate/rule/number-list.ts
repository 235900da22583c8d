/** The largest number that the compiler takes, more than any kernel has processors or nodes. */
const most = 65_535;

/**
 * Why a text is not a list of numbers and ranges, `0-3,7`; undefined when it is one. Spaces are allowed, where the
 * spec's schema has them.
 */
export function listFault(text: string): string | undefined {
  for (const part of text.split(',').map((each) => each.trim())) {
    const { from, to = from } = /^(?<from>\d{1,6})(?:-(?<to>\d{1,6}))?$/.exec(part)?.groups ?? {};
    if (from === undefined) return part === '' ? 'has an empty item' : `'${part}' is no number and no range`;
    if (Number(to) > most) return `'${part}' is beyond ${most}`;
    if (Number(to) < Number(from)) return `the range '${part}' runs backwards`;
  }
  return undefined;
}

/** The same for what the kernel itself reads, which also knows strides: `0-31:2/8`, bitmap_parselist. */
export function kernelListFault(text: string): string | undefined {
  const ranges = text.split(',').map((part) => {
    const { range, used, group } =
      /^(?<range>[^:]*-[^:]*):(?<used>\d{1,6})\/(?<group>\d{1,6})$/.exec(part)?.groups ?? {};
    return used !== undefined && Number(used) <= Number(group) && Number(group) > 0 ? (range ?? part) : part;
  });
  return listFault(ranges.join(','));
}
