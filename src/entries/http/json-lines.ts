/** Lines of a body that arrives bit by bit, in bounded memory. */

/** A line, or nothing in place of one that is longer than allowed. Blank lines are left out. */
export type Line = string | undefined;

const NEWLINE = 0x0a;

/** What one piece of the body completes, as a list: a line at a time would cost a turn of the event loop each. */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  maximumBytes: number,
): AsyncGenerator<Line[]> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (lines: Line[], last: Buffer): void => {
    const total = bytes + last.length;
    if (total > maximumBytes) lines.push(undefined);
    else {
      const text = (parts.length === 0 ? last : Buffer.concat([...parts, last])).toString("utf8").trim();
      if (text !== "") lines.push(text);
    }
    parts = [];
    bytes = 0;
  };
  for await (const piece of source) {
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const lines: Line[] = [];
    let start = 0;
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, start)) {
      take(lines, buffer.subarray(start, end));
      start = end + 1;
    }
    const rest = buffer.subarray(start);
    bytes += rest.length;
    // Of a line that is too long only its length is kept.
    if (bytes > maximumBytes) parts = [];
    else if (rest.length > 0) parts.push(Buffer.from(rest));
    if (lines.length > 0) yield lines;
  }
  const lines: Line[] = [];
  take(lines, Buffer.alloc(0));
  if (lines.length > 0) yield lines;
}
