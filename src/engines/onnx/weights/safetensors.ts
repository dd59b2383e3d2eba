import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { writeFileAtomic } from "../../../foundation/base/atomic-file.js";
import { QuernError } from "../../../foundation/base/errors.js";
import {
  formatHeader,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  parseHeader,
  refuser,
  type SafetensorsHeader,
  type TensorPlace,
} from "./safetensors-header.js";
import { STORED_BYTES, type StoredShape, type StoredTensor } from "./stored-tensor.js";

/** Tensors by name; each is read when it is asked for. */
export interface Weights {
  readonly metadata: ReadonlyMap<string, string>;
  /** In alphabetical order. */
  readonly names: readonly string[];
  describe(name: string): StoredShape | undefined;
  /** A copy of its own. @throws QuernError MODEL_REFUSED when there is no such tensor */
  read(name: string): StoredTensor;
  close(): void;
}

/**
 * Opens a file; reads its header alone.
 * @throws QuernError DATA_NOT_FOUND, MODEL_REFUSED
 */
export function openSafetensors(path: string): Weights {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (cause) {
    throw new QuernError("DATA_NOT_FOUND", `There is no readable file of weights ${path}.`, { cause });
  }
  try {
    return new SafetensorsFile(handle, path);
  } catch (cause) {
    closeSync(handle);
    throw cause;
  }
}

class SafetensorsFile implements Weights {
  readonly names: readonly string[];
  readonly #handle: number;
  readonly #path: string;
  readonly #header: SafetensorsHeader;
  readonly #dataStart: number;

  constructor(handle: number, path: string) {
    this.#handle = handle;
    this.#path = path;
    const refuse = refuser(path);
    const status = fstatSync(handle);
    if (!status.isFile()) throw refuse("it is not a regular file");
    const size = status.size;
    if (size < LENGTH_BYTES) throw refuse("it is too short");
    const length = Buffer.from(this.#bytes(0, LENGTH_BYTES)).readBigUInt64LE();
    if (length > MAX_HEADER_BYTES) throw refuse(`its header claims ${length} bytes`);
    this.#dataStart = LENGTH_BYTES + Number(length);
    if (this.#dataStart > size) throw refuse("it ends inside its header");
    this.#header = parseHeader(this.#bytes(LENGTH_BYTES, Number(length)), size - this.#dataStart, path);
    this.names = [...this.#header.tensors.keys()].sort();
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#header.metadata;
  }

  describe(name: string): StoredShape | undefined {
    return this.#header.tensors.get(name);
  }

  read(name: string): StoredTensor {
    const place = this.#header.tensors.get(name);
    if (!place) throw refuser(this.#path)(`it has no tensor ${JSON.stringify(name)}`);
    const { type, shape, begin, end } = place;
    return { type, shape, bytes: this.#bytes(this.#dataStart + begin, end - begin) };
  }

  close(): void {
    closeSync(this.#handle);
  }

  #bytes(start: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const read = readSync(this.#handle, bytes, done, Math.min(length - done, 2 ** 30), start + done);
      if (read === 0) throw refuser(this.#path)("it became shorter while it was read");
      done += read;
    }
    return bytes;
  }
}

/** Of the reference implementation, whose files ours equal byte by byte. */
const TYPE_ORDER = Object.keys(STORED_BYTES);

/**
 * Writes a file so that a crash leaves the old one or the new one. Larger elements come first, so that every
 * tensor lies at a multiple of its element; equal tensors give equal bytes.
 * @throws QuernError DISK_FULL
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const sorted = Object.entries(tensors).sort(
    ([a, { type: first }], [b, { type: second }]) =>
      TYPE_ORDER.indexOf(second) - TYPE_ORDER.indexOf(first) || (a < b ? -1 : 1),
  );
  let end = 0;
  const places = new Map(
    sorted.map(([name, { type, shape, bytes }]): [string, TensorPlace] => {
      const expected = shape.reduce((product, size) => product * size, STORED_BYTES[type]);
      if (bytes.length !== expected) throw new Error(`The tensor ${name} has ${bytes.length} bytes.`);
      const begin = end;
      end += bytes.length;
      return [name, { type, shape, begin, end }];
    }),
  );
  const header = formatHeader({ metadata: new Map(Object.entries(metadata)), tensors: places });
  writeFileAtomic(path, [header, ...sorted.map(([, { bytes }]) => bytes)]);
}
