import { createReadStream, createWriteStream } from "node:fs";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { damagedGzip, type RecognisedFile } from "./recognise.js";

export interface DecompressionLimits {
  /** Bytes that may come out of one file. */
  readonly maxBytes: number;
  /** Output over input, beyond the first 64 MiB of output; deflate reaches 1032. */
  readonly maxRatio: number;
}
export const DEFAULT_DECOMPRESSION_LIMITS: DecompressionLimits = { maxBytes: 50 * 2 ** 30, maxRatio: 250 };
const FREE_BYTES = 64 * 2 ** 20;

/**
 * Writes a decompressed UTF-8 copy without byte order mark to `target`. Memory does not grow with the file.
 * @throws QuernError DATA_ENCODING with line, DATA_MALFORMED for damaged gzip, DATA_TOO_LARGE for a bomb
 */
export async function writePlainText(
  file: RecognisedFile,
  encoding: string,
  target: string,
  limits: DecompressionLimits,
  signal?: AbortSignal,
): Promise<void> {
  const stages = [
    createReadStream(file.path, { highWaterMark: 1 << 20 }),
    ...(file.compressed ? [createGunzip({ chunkSize: 1 << 20 }), new Meter(file, limits)] : []),
    new Transcoder(file.name, encoding),
    createWriteStream(target, { flags: "wx" }),
  ] as unknown as [NodeJS.ReadableStream, NodeJS.WritableStream];
  try {
    await pipeline(stages, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted) throw new QuernError("INTERRUPTED", `Reading ${file.name} was interrupted.`);
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    throw code.startsWith("Z_")
      ? damagedGzip(file, cause as NodeJS.ErrnoException)
      : translateDiskError(cause, target);
  }
}

class Meter extends Transform {
  #bytes = 0;
  readonly #file: RecognisedFile;
  readonly #limits: DecompressionLimits;

  constructor(file: RecognisedFile, limits: DecompressionLimits) {
    super();
    this.#file = file;
    this.#limits = limits;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.length;
    const { maxBytes, maxRatio } = this.#limits;
    const allowed = Math.min(maxBytes, Math.max(FREE_BYTES, this.#file.bytes * maxRatio));
    if (this.#bytes <= allowed) {
      done(null, chunk);
      return;
    }
    const { name, bytes } = this.#file;
    done(
      new QuernError(
        "DATA_TOO_LARGE",
        `${name} (${bytes} bytes) decompresses to more than ${allowed} bytes.`,
        {
          details: { file: name, limitBytes: allowed },
          hint: "Decompress the file yourself if you trust it, and give the result.",
        },
      ),
    );
  }
}

/** Any encoding to UTF-8; an invalid byte sequence is an error that names its line. */
class Transcoder extends Transform {
  readonly #decoder: TextDecoder;
  readonly #name: string;
  readonly #encoding: string;
  #line = 1;

  constructor(name: string, encoding: string) {
    super();
    this.#name = name;
    this.#encoding = encoding;
    this.#decoder = createDecoder(encoding);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#decode(chunk, true, done);
  }

  override _flush(done: TransformCallback): void {
    this.#decode(new Uint8Array(), false, done);
  }

  #decode(chunk: Uint8Array, stream: boolean, done: TransformCallback): void {
    try {
      const text = this.#decoder.decode(chunk, { stream });
      const zero = text.indexOf("\0");
      if (zero >= 0) throw this.#zeroCharacter(text.slice(0, zero));
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#line++;
      done(null, Buffer.from(text));
    } catch (cause) {
      done(QuernError.is(cause) ? cause : this.#invalid(chunk, cause));
    }
  }

  #invalid(chunk: Uint8Array, cause: unknown): QuernError {
    const line = this.#line + validLines(chunk, this.#encoding);
    return new QuernError(
      "DATA_ENCODING",
      `${this.#name}, line ${line}: the line is not valid ${this.#encoding}.`,
      {
        details: { file: this.#name, line, encoding: this.#encoding },
        hint: "Save the file as UTF-8, or name its encoding, for example `--encoding windows-1252`.",
        cause,
      },
    );
  }

  #zeroCharacter(before: string): QuernError {
    const line = this.#line + before.split("\n").length - 1;
    return new QuernError(
      "DATA_MALFORMED",
      `${this.#name}, line ${line}: the file holds a NUL character, so it is not text.`,
      {
        details: { file: this.#name, line },
        hint: "Give a text file, or name its `--encoding`.",
      },
    );
  }
}

/** @throws QuernError DATA_ENCODING for a label that names no encoding */
export function createDecoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new QuernError("DATA_ENCODING", `There is no encoding called ${JSON.stringify(encoding)}.`, {
      hint: "Use a label such as utf-8, utf-16le, gb18030, big5, shift_jis, windows-1252.",
      cause,
    });
  }
}

/** Line ends before the first invalid byte, found by halving. */
function validLines(chunk: Uint8Array, encoding: string): number {
  let valid = 0;
  let invalid = chunk.length;
  const decode = (length: number) =>
    new TextDecoder(encoding, { fatal: true }).decode(chunk.subarray(0, length), { stream: true });
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    try {
      decode(middle);
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  try {
    return decode(valid).split("\n").length - 1;
  } catch {
    return 0;
  }
}
