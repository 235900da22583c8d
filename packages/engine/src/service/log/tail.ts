import { logFiles, openLog } from './files.ts';
import { parseLogLine } from './cri-line.ts';

const blockSize = 64 << 10;
const newline = 0x0a;

export interface LogPosition {
  readonly file: string;
  readonly offset: number;
}

/** Where the last `count` lines begin; parts of a line count once. Undefined when there is no log at all. */
export async function tailPosition(file: string, count: number): Promise<LogPosition | undefined> {
  const files = await logFiles(file);
  let missing = count;
  let position: LogPosition | undefined;
  for (const candidate of files.toReversed()) {
    const found = await lastLines(candidate, missing);
    if (found === undefined) continue;
    position = { file: candidate, offset: found.offset };
    missing -= found.lines;
    if (missing <= 0) break;
  }
  return position;
}

/** Walks one file backwards until `count` lines were seen or its start is reached. */
async function lastLines(file: string, count: number): Promise<{ offset: number; lines: number } | undefined> {
  await using handle = await openLog(file);
  if (handle === undefined) return undefined;
  const { size } = await handle.stat();
  let lines = 0;
  let end = size;
  let rest = Buffer.alloc(0);
  let lineStart = size;
  if (count === 0) return { offset: size, lines: 0 };
  while (end > 0) {
    const start = Math.max(0, end - blockSize);
    const block = Buffer.alloc(end - start);
    await handle.read(block, 0, block.length, start);
    rest = Buffer.concat([block, rest]);
    let cut = rest.length;
    for (;;) {
      // The newline before the line that ends at `cut`.
      const before = cut >= 2 ? rest.lastIndexOf(newline, cut - 2) : -1;
      if (before < 0 && start > 0) break;
      if (cut === 0) break;
      const record = parseLogLine(rest.subarray(before + 1, cut - 1));
      if (record !== undefined && (!record.partial || lines === 0)) {
        if (lines === count) return { offset: lineStart, lines };
        lines += 1;
      }
      lineStart = start + before + 1;
      cut = before + 1;
      if (before < 0) break;
    }
    rest = rest.subarray(0, cut);
    end = start;
  }
  return { offset: 0, lines };
}
