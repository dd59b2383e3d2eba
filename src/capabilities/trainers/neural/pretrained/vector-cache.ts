/** Vectors that a network made, by the content of what it saw: in memory, and in a folder that outlives the process. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../../../foundation/base/atomic-file.js";
import { sha256 } from "../../../../foundation/base/hash.js";
import { pack, unpack } from "../../../../foundation/base/packing.js";

/** A vector is asked for by every fold that holds its row. */
const KEPT_VECTORS = 100_000;

interface Chunk {
  readonly keys: readonly string[];
  /** Row-major [keys, width]. */
  readonly values: Float32Array;
}

export class VectorCache {
  readonly #width: number;
  readonly #kept = new Map<string, Float32Array>();
  readonly #folder: string | undefined;
  #isRead = false;

  /** @param folder of one network alone, named by its content; whoever removes it loses time only */
  constructor(width: number, folder?: string) {
    this.#width = width;
    this.#folder = folder;
  }

  get(key: string): Float32Array | undefined {
    if (!this.#isRead) this.#read();
    return this.#kept.get(key);
  }

  /** Vectors that are new; one file holds them all. */
  add(vectors: ReadonlyMap<string, Float32Array>): void {
    if (vectors.size === 0) return;
    for (const [key, vector] of vectors) this.#keep(key, vector);
    if (this.#folder === undefined) return;
    const values = new Float32Array(vectors.size * this.#width);
    for (const [row, vector] of [...vectors.values()].entries()) values.set(vector, row * this.#width);
    const bytes = pack({ keys: [...vectors.keys()], values } satisfies Chunk);
    writeFileAtomic(join(this.#folder, sha256(bytes)), bytes);
  }

  #keep(key: string, vector: Float32Array): void {
    if (this.#kept.size < KEPT_VECTORS) this.#kept.set(key, vector);
  }

  /** A file is named by its content, so that a damaged one is told and left aside. */
  #read(): void {
    this.#isRead = true;
    if (this.#folder === undefined) return;
    for (const name of namesIn(this.#folder)) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const bytes = readFileSync(join(this.#folder, name));
      if (sha256(bytes) !== name) continue;
      const { keys, values } = unpack(bytes) as Chunk;
      if (values.length !== keys.length * this.#width) continue;
      for (const [row, key] of keys.entries()) {
        this.#keep(key, values.subarray(row * this.#width, (row + 1) * this.#width));
      }
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
