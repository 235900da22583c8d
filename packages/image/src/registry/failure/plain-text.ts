const longest = 300;

/** What others wrote, fit for a message: one line, without control characters, cut. */
export function plainText(text: string): string {
  const line = text
    .slice(0, longest * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return line.length > longest ? `${line.slice(0, longest)}...` : line;
}
