import type { Explanation } from '../../packages/wire/src/native/api.ts';

/** The last start's time by kind of step, the longest first: `mount 0.31 ms in 9 steps`. */
export function explainTime(explanation: Explanation | undefined): string[] {
  if (explanation === undefined) return [];
  const kinds = new Map<string, { time: number; count: number }>();
  for (const { track, text, took } of explanation.steps) {
    const kind = `${track} ${text.split(' ', 1)[0]}`;
    const sum = kinds.get(kind) ?? { time: 0, count: 0 };
    kinds.set(kind, { time: sum.time + took, count: sum.count + 1 });
  }
  const longest = [...kinds].toSorted(([, a], [, b]) => b.time - a.time).slice(0, 12);
  const inTrack = (track: string) =>
    explanation.steps.filter((step) => step.track === track).reduce((sum, { took }) => sum + took, 0);
  return [
    `where one start's time goes: ${ms(explanation.total)} from the call to the running program; ` +
      `host track ${ms(inTrack('host'))}, container track ${ms(inTrack('container'))}, which run side by side`,
    ...longest.map(
      ([kind, { time, count }]) => `  ${ms(time).padStart(8)}  ${kind}${count > 1 ? `, ${count} steps` : ''}`,
    ),
  ];
}

function ms(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toFixed(2)} ms`;
}
