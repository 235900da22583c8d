/**
 * Why a text is not a list of numbers and ranges as the kernel's bitmap_parselist reads it (`0-3,7`, `0-31:2/8`);
 * undefined when it is one. Spaces are allowed where the spec's schema has them.
 */
export function listFault(text: string): string | undefined {
  for (const part of text.split(',').map((each) => each.trim())) {
    const found = /^(?<from>\d{1,6})(?:-(?<to>\d{1,6})(?::(?<used>\d{1,6})\/(?<group>\d{1,6}))?)?$/.exec(part)?.groups;
    if (found === undefined) return part === '' ? 'has an empty item' : `'${part}' is no number and no range`;
    const { from, to = from, used, group } = found;
    if (Number(to) < Number(from)) return `the range '${part}' runs backwards`;
    if (used !== undefined && (Number(group) === 0 || Number(used) > Number(group))) return `bad stride in '${part}'`;
  }
  return undefined;
}
