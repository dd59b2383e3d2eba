import type { BundleInput } from "../../foundation/contracts/bundle.js";
import type { Prediction, Row } from "../../foundation/contracts/prediction.js";

export interface AnswerCacheOptions {
  /** What answers and the rows they belong to may take together. */
  readonly maximumBytes: number;
}

interface Entry {
  readonly answer: Prediction;
  readonly bytes: number;
}

/** Rows whose content is longer are not kept: pictures and long texts seldom come twice. */
const MAXIMUM_KEY_LENGTH = 4096;
/** What an entry takes beside the characters of its key and its answer. */
const ENTRY_BYTES = 200;

/**
 * Answers by the content of their rows, the least recently used ones given up first. A key begins with the SHA-256 of
 * the bundle, so that no version ever gives the answer of another.
 */
export class AnswerCache {
  readonly #maximumBytes: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor({ maximumBytes }: AnswerCacheOptions) {
    this.#maximumBytes = maximumBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Prediction | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.answer;
  }

  set(key: string, answer: Prediction): void {
    this.#remove(key);
    const bytes = ENTRY_BYTES + 2 * (key.length + JSON.stringify(answer).length);
    if (bytes > this.#maximumBytes) return;
    this.#entries.set(key, { answer, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maximumBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/**
 * What a row says to a model, as text: the values of the model's columns in their order. Rows with the same key have the
 * same answer; rows that differ in other columns have the same key. Nothing for rows that are too long, or that JSON
 * cannot write.
 */
export function answerKey(bundle: string, inputs: readonly BundleInput[], row: Row): string | undefined {
  const values = inputs.map(({ column }) =>
    // Absent is not null: a column may have to be there.
    Object.hasOwn(row, column.name) && row[column.name] !== undefined
      ? [exact(row[column.name])]
      : { absent: true },
  );
  try {
    const text = JSON.stringify(values);
    return text.length > MAXIMUM_KEY_LENGTH ? undefined : `${bundle}:${text}`;
  } catch {
    return undefined;
  }
}

/** Numbers that JSON writes like others: -0 like 0, those that are not finite like null. */
function exact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return { number: Object.is(value, -0) ? "-0" : String(value) };
}
