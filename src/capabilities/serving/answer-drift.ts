import { kolmogorovDistance } from "../../foundation/base/tail-probability.js";
import type { Prediction } from "../../foundation/contracts/prediction.js";

/** Subjects whose first answer is kept of each variant; a comparison gets no surer by more. */
const MOST_SUBJECTS = 4096;
/** Classes whose probabilities are compared; the further ones of a model with more are not. */
const MOST_CLASSES = 20;
/** Chance of finding a difference that is not there, over all looks together. */
const LEVEL = 0.001;

/** What one variant answered since its share last changed: the first answer to each subject, so that nobody counts twice. */
export class AnswerSample {
  readonly #subjects = new Set<number>();
  /** A list of values for each class, or one list of predicted numbers. */
  readonly #values = new Map<string, number[]>();

  /** @param subject a number for whose answer it is @returns whether it was kept */
  add(subject: number, answer: Prediction): boolean {
    if (this.#subjects.size >= MOST_SUBJECTS || this.#subjects.has(subject)) return false;
    const values = valuesOf(answer);
    if (values.length === 0) return false;
    this.#subjects.add(subject);
    for (const [name, value] of values) {
      const known = this.#values.get(name) ?? [];
      known.push(value);
      this.#values.set(name, known);
    }
    return true;
  }

  get size(): number {
    return this.#subjects.size;
  }
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }
  sorted(name: string): Float64Array {
    return Float64Array.from(this.#values.get(name) ?? []).sort();
  }
}

/**
 * Compares the answers of two variants to subjects dealt out by chance, so that only the variants can make them differ. It looks
 * when the smaller sample has doubled. The distance that is certain is the Kolmogorov-Smirnov distance of the samples less
 * what chance adds to it (Dvoretzky-Kiefer-Wolfowitz with Massart's constant), at a level shared by all looks and classes: it
 * is larger than the true distance in at most one of a thousand steps of canaries, however often it is asked.
 */
export class AnswerDrift {
  readonly #before: AnswerSample;
  readonly #candidate: AnswerSample;
  #looks = 0;
  #lookAt = 32;
  #certain = 0;

  constructor(before: AnswerSample, candidate: AnswerSample) {
    this.#before = before;
    this.#candidate = candidate;
  }

  /** How far apart the answers are at least, 0..1. */
  certainDistance(): number {
    const smaller = Math.min(this.#before.size, this.#candidate.size);
    if (smaller < this.#lookAt) return this.#certain;
    this.#looks += 1;
    this.#lookAt = Math.min(MOST_SUBJECTS + 1, smaller * 2);
    const names = this.#before.names.slice(0, MOST_CLASSES);
    // Levels of endless looks sum to the whole: 1/(1·2) + 1/(2·3) + … = 1.
    const level = LEVEL / (this.#looks * (this.#looks + 1)) / Math.max(1, names.length);
    for (const name of names) {
      const [first, second] = [this.#before.sorted(name), this.#candidate.sorted(name)];
      if (first.length === 0 || second.length === 0) continue;
      const chance = band(first.length, level) + band(second.length, level);
      this.#certain = Math.max(this.#certain, kolmogorovDistance(first, second) - chance);
    }
    return this.#certain;
  }
}

/** Within which an empirical distribution of so many values lies around the true one, at half of the level. */
const band = (values: number, level: number): number => Math.sqrt(Math.log(4 / level) / (2 * values));

/** Answers of structure have no single number that could be compared. */
function valuesOf(answer: Prediction): readonly (readonly [string, number])[] {
  if ("prediction" in answer) return [["", answer.prediction]];
  return "label" in answer ? Object.entries(answer.probabilities) : [];
}
