import type { TableNote } from "../../../../engines/table/index.js";
import { QuernError } from "../../../../foundation/base/errors.js";

/** Up to so many annotations may be wrong before the whole set is in doubt: numbers of classes off by one, pixels for shares. */
const TOLERATED_SHARE = 0.05;
const TOLD_WHEN_REFUSED = 10;
const TOLD_IN_A_NOTE = 3;

/**
 * What is wrong with single annotations, gathered over all files of a location, so that one reading tells of all. A few
 * are left out together with their pictures: in such a picture an object would pass for background.
 */
export class AnnotationFaults {
  readonly #kept: QuernError[] = [];
  #faults = 0;
  #pictures = 0;
  #annotations = 0;

  /** One annotation; undefined where it is wrong. @param read throws DATA_MALFORMED, naming the place */
  read<T>(read: () => T): { readonly value: T } | undefined {
    this.#annotations++;
    return this.#attempt(read);
  }

  /** A picture of which annotations were wrong: it is left out. */
  lose(): void {
    this.#pictures++;
  }

  /** A file of one picture, which is lost with it. */
  readPicture<T>(read: () => T): { readonly value: T } | undefined {
    const found = this.#attempt(read);
    if (!found) {
      this.#annotations++;
      this.lose();
    }
    return found;
  }

  #attempt<T>(read: () => T): { readonly value: T } | undefined {
    try {
      return { value: read() };
    } catch (cause) {
      if (!QuernError.is(cause) || cause.code !== "DATA_MALFORMED") throw cause;
      this.#faults++;
      if (this.#kept.length < TOLD_WHEN_REFUSED) this.#kept.push(cause);
      return undefined;
    }
  }

  /** Once all is read. @throws QuernError DATA_MALFORMED, telling of the first ten, where more than a twentieth is wrong */
  settle(): readonly TableNote[] {
    if (this.#faults === 0) return [];
    if (this.#faults > TOLERATED_SHARE * this.#annotations) throw this.#refusal();
    const lost =
      this.#pictures === 1 ? "the picture it is of is" : `the ${this.#pictures} pictures they are of are`;
    const message = `${this.#said()}, and ${lost} left out: ${this.#told(TOLD_IN_A_NOTE).join("; ")}.`;
    return [{ id: "annotations-wrong", message }];
  }

  #refusal(): QuernError {
    const [first] = this.#kept as [QuernError];
    if (this.#faults === 1) return first;
    const { hint, details } = first;
    return new QuernError(
      "DATA_MALFORMED",
      `${this.#said()}:\n  ${this.#told(TOLD_WHEN_REFUSED).join("\n  ")}`,
      {
        details: { ...details, faults: this.#faults, annotations: this.#annotations },
        hint,
      },
    );
  }

  #said(): string {
    return `${this.#faults.toLocaleString("en-US")} of ${this.#annotations.toLocaleString("en-US")} annotations cannot be used`;
  }

  #told(most: number): string[] {
    const told = this.#kept.slice(0, most).map(({ message }) => message.replace(/\.$/, ""));
    const more = this.#faults - told.length;
    return more > 0 ? [...told, `and ${more.toLocaleString("en-US")} more`] : told;
  }
}
