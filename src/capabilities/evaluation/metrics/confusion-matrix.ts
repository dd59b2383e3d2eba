import { type ClassInput, decidedClasses } from "./inputs.js";

/** Weighted counts of actual against decided classes. */
export interface ConfusionMatrix {
  readonly classCount: number;
  /** Row-major: `counts[actual * classCount + decided]`. */
  readonly counts: Float64Array;
  /** Sums over a row and over a column. */
  readonly actual: Float64Array;
  readonly decided: Float64Array;
  readonly total: number;
}

export function confusionMatrix(input: ClassInput, decided = decidedClasses(input)): ConfusionMatrix {
  const { classCount, codes, weights } = input;
  const counts = new Float64Array(classCount * classCount);
  for (let row = 0; row < input.rows; row++) {
    counts[codes[row]! * classCount + decided[row]!]! += weights ? weights[row]! : 1;
  }
  const actualSums = new Float64Array(classCount);
  const decidedSums = new Float64Array(classCount);
  let total = 0;
  for (let a = 0; a < classCount; a++) {
    for (let d = 0; d < classCount; d++) {
      const count = counts[a * classCount + d]!;
      actualSums[a]! += count;
      decidedSums[d]! += count;
      total += count;
    }
  }
  return { classCount, counts, actual: actualSums, decided: decidedSums, total };
}

/** Rows of class `k` that were decided as `k`. */
export function hits(matrix: ConfusionMatrix, k: number): number {
  return matrix.counts[k * matrix.classCount + k]!;
}

/** Classes that occur, as truth or as decision. */
export function occurringClasses(matrix: ConfusionMatrix): number[] {
  const all = Array.from({ length: matrix.classCount }, (_, k) => k);
  return all.filter((k) => matrix.actual[k]! > 0 || matrix.decided[k]! > 0);
}
