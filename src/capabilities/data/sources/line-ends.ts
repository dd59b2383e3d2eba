import { createReadStream, createWriteStream } from "node:fs";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Whether some lines of the file end in CR LF and others in LF alone, as when files were joined. */
export async function hasMixedLineEnds(path: string, signal?: AbortSignal): Promise<boolean> {
  let previous = 0;
  const seen = { pair: false, single: false };
  for await (const chunk of createReadStream(path, {
    highWaterMark: 1 << 20,
    ...(signal ? { signal } : {}),
  })) {
    const bytes = chunk as Buffer;
    // No text: another trouble, and not worth reading to its end.
    if (bytes.includes(0)) return false;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
      if ((at > 0 ? bytes[at - 1] : previous) === CARRIAGE_RETURN) seen.pair = true;
      else seen.single = true;
      if (seen.pair && seen.single) return true;
    }
    previous = bytes.at(-1) ?? previous;
  }
  return false;
}

/** Copies the file with every CR LF written as LF. */
export async function unifyLineEnds(path: string, target: string, signal?: AbortSignal): Promise<void> {
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 1 << 20 }),
      new LineEndUnifier(),
      createWriteStream(target, { flags: "wx" }),
      signal ? { signal } : {},
    );
  } catch (cause) {
    throw translateDiskError(cause, target);
  }
}

class LineEndUnifier extends Transform {
  /** A carriage return at the end of a chunk waits for what follows. */
  #pending = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const output = Buffer.allocUnsafe(chunk.length + 1);
    let length = 0;
    for (const byte of chunk) {
      if (this.#pending && byte !== LINE_FEED) output[length++] = CARRIAGE_RETURN;
      this.#pending = byte === CARRIAGE_RETURN;
      if (!this.#pending) output[length++] = byte;
    }
    done(null, output.subarray(0, length));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#pending ? Buffer.of(CARRIAGE_RETURN) : undefined);
  }
}
