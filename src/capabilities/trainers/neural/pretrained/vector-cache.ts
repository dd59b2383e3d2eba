/** Vectors that a network made, by the content of what it saw: in memory, and in a folder that outlives the process. */
import { addContent, readContents } from "../../../../foundation/base/content-folder.js";
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
    addContent(this.#folder, pack({ keys: [...vectors.keys()], values } satisfies Chunk));
  }

  #keep(key: string, vector: Float32Array): void {
    if (this.#kept.size < KEPT_VECTORS) this.#kept.set(key, vector);
  }

  #read(): void {
    this.#isRead = true;
    if (this.#folder === undefined) return;
    for (const bytes of readContents(this.#folder)) {
      const { keys, values } = unpack(bytes) as Chunk;
      for (const [row, key] of keys.entries()) {
        this.#keep(key, values.subarray(row * this.#width, (row + 1) * this.#width));
      }
    }
  }
}
