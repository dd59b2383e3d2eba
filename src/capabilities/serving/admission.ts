import { QuernError } from "../../foundation/base/errors.js";

export interface AdmissionOptions {
  /** Rows that may be in: beyond it callers are refused at once rather than answered late. */
  readonly limitRows: number;
  /** The most that one request counts: larger ones wait part by part. */
  readonly mostRowsOfOne: number;
  /** What a row takes, as far as it is known. */
  readonly secondsPerRow: () => number;
  readonly onRefused: () => void;
}

/**
 * Who comes in: a request is let in whole or refused before anything is done for it. As long as there is room the next one
 * comes in; a large one takes the room of the part of it that waits, so that it does not keep out small ones.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  #rows = 0;
  /** Of bodies on their way. */
  #expectedRows = 0;
  #closed = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** @throws QuernError OVERLOADED where nobody would be let in */
  requireRoom(): void {
    this.#requireRoom(0);
  }

  /**
   * Lets a body come that is still to be read. Bodies on their way count as if their rows were in, or many more would be
   * read than there is room for; but they take half of the room at most, so that callers whose bodies never come keep out
   * nobody.
   * @returns to be called once, when the body has come or will not
   * @throws QuernError OVERLOADED
   */
  expect(rows: number): () => void {
    const { limitRows, mostRowsOfOne } = this.#options;
    this.#requireRoom(Math.min(this.#expectedRows, limitRows / 2));
    const counted = Math.min(rows, mostRowsOfOne);
    this.#expectedRows += counted;
    return () => {
      this.#expectedRows -= counted;
    };
  }

  /** Followed by one `leave` of as many rows. @throws QuernError OVERLOADED */
  enter(rows: number): void {
    this.requireRoom();
    this.#rows += Math.min(rows, this.#options.mostRowsOfOne);
  }

  leave(rows: number): void {
    this.#rows -= Math.min(rows, this.#options.mostRowsOfOne);
    if (this.#rows === 0) for (const done of this.#whenEmpty.splice(0)) done();
  }

  /** Lets nobody in any more; resolves when all have left, or after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    if (this.#rows === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenEmpty.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #requireRoom(expectedRows: number): void {
    if (this.#closed) throw beingTakenDown();
    if (this.#rows + expectedRows < this.#options.limitRows) return;
    this.#options.onRefused();
    throw this.#full();
  }

  #full(): QuernError {
    const { limitRows, secondsPerRow } = this.#options;
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#rows * secondsPerRow()));
    return new QuernError("OVERLOADED", `${this.#rows} rows are waiting already.`, {
      details: { waitingRows: this.#rows, limit: limitRows, retryAfterSeconds },
    });
  }
}

export function beingTakenDown(): QuernError {
  return new QuernError("OVERLOADED", "The model is being taken down.", {
    details: { retryAfterSeconds: 1 },
  });
}
