import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Prediction, Row } from "../../foundation/contracts/prediction.js";
import { type AnswerCache, answerKey } from "./answer-cache.js";

export interface CachedModel {
  readonly cache: AnswerCache;
  /** SHA-256 of the bundle. */
  readonly bundle: string;
  readonly manifest: Manifest;
  readonly predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>;
  readonly onRows: (hits: number, misses: number) => void;
}

/** Answers what is known from the cache, computes the rest, and keeps it. */
export async function answerFromCache(
  { cache, bundle, manifest, predict, onRows }: CachedModel,
  rows: readonly Row[],
): Promise<readonly Prediction[]> {
  const keys = rows.map((row) =>
    typeof row === "object" && row !== null ? answerKey(bundle, manifest.inputs, row) : undefined,
  );
  const answers = keys.map((key) => (key === undefined ? undefined : cache.get(key)));
  const missing = answers.flatMap((answer, place) => (answer === undefined ? [place] : []));
  onRows(rows.length - missing.length, missing.length);
  if (missing.length > 0) {
    const computed = await computeMissing(predict, rows, missing);
    for (const [index, place] of missing.entries()) {
      const answer = computed[index]!;
      answers[place] = answer;
      const key = keys[place];
      if (key !== undefined) cache.set(key, answer);
    }
  }
  return answers as Prediction[];
}

/** A mistake is named by its row among all, so that all are read again where there is one. */
async function computeMissing(
  predict: CachedModel["predict"],
  rows: readonly Row[],
  missing: readonly number[],
): Promise<readonly Prediction[]> {
  try {
    return await predict(missing.length === rows.length ? rows : missing.map((place) => rows[place]!));
  } catch (failure) {
    const isNamed = QuernError.is(failure) && failure.code === "PREDICTION_INPUT";
    if (!isNamed || missing.length === rows.length) throw failure;
    await predict(rows);
    throw failure;
  }
}
