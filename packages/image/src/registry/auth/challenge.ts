/** What a WWW-Authenticate header asks for (RFC 9110, 11.6.1). */
export interface Challenge {
  /** `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** A parameter: its value may be quoted, with commas and escaped quotes in it. */
const parameter = new RegExp(`\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`, 'y');
const scheme = new RegExp(`[\\s,]*(${token})(?:\\s+|\\s*,|$)`, 'y');

/** What cannot be understood is left out. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, 8192);
  const found: Challenge[] = [];
  for (let at = 0; at < text.length;) {
    scheme.lastIndex = at;
    const name = scheme.exec(text)?.[1];
    if (name === undefined) break;
    at = scheme.lastIndex;
    const parameters: Record<string, string> = {};
    for (parameter.lastIndex = at; ; at = parameter.lastIndex) {
      const match = parameter.exec(text);
      if (match === null) break;
      parameters[match[1]!.toLowerCase()] ??= match[3] ?? match[2]!.replace(/\\(.)/g, '$1');
    }
    found.push({ scheme: name.toLowerCase(), parameters });
  }
  return found;
}
