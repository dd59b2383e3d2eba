/**
 * Figures of labels: true flags against probabilities and decisions, all of them row-major [rows, labels]. Definitions as in
 * scikit-learn, with rows weighted; a label without a true row has no average precision and does not count in its mean.
 */
export interface LabelTable {
  readonly rows: number;
  readonly labels: number;
  /** 1 where the label holds. */
  readonly truth: Uint8Array;
  readonly probabilities: Float64Array;
  /** 1 where it is said to hold. */
  readonly decided: Uint8Array;
}

interface LabelCounts {
  /** Sums of weights by label. */
  readonly right: Float64Array;
  readonly said: Float64Array;
  readonly known: Float64Array;
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

export const f1Of = (right: number, said: number, known: number): number => share(2 * right, said + known);

export function countLabels(
  { rows, labels, truth, decided }: LabelTable,
  weights: ArrayLike<number>,
): LabelCounts {
  const counts = {
    right: new Float64Array(labels),
    said: new Float64Array(labels),
    known: new Float64Array(labels),
  };
  for (let row = 0; row < rows; row++) {
    const weight = weights[row]!;
    if (weight === 0) continue;
    for (let label = 0; label < labels; label++) {
      const [holds, said] = [truth[row * labels + label]!, decided[row * labels + label]!];
      counts.known[label]! += weight * holds;
      counts.said[label]! += weight * said;
      counts.right[label]! += weight * holds * said;
    }
  }
  return counts;
}

/** Rows of one label, the most probable first; made once, read for every resample. */
export function rankedRows({ rows, labels, probabilities }: LabelTable, label: number): Int32Array {
  const scores = Float64Array.from({ length: rows }, (_, row) => probabilities[row * labels + label]!);
  return Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => scores[b]! - scores[a]!);
}

/** Area under precision over recall as a step function; rows of one probability are one step. NaN without a true row. */
export function averagePrecision(
  { labels, truth, probabilities }: LabelTable,
  label: number,
  ranked: Int32Array,
  weights: ArrayLike<number>,
): number {
  let [found, seen, sum, before] = [0, 0, 0, 0];
  for (const [place, row] of ranked.entries()) {
    const at = row * labels + label;
    seen += weights[row]!;
    found += weights[row]! * truth[at]!;
    const next = ranked[place + 1];
    if (next !== undefined && probabilities[next * labels + label] === probabilities[at]) continue;
    if (found > before) sum += (found - before) * (found / seen);
    before = found;
  }
  return found > 0 ? sum / found : Number.NaN;
}

/** Of each row: the mean over its labels of how true the labels are that rank as high; 1 where none or all hold. */
export function labelRanking({ rows, labels, truth, probabilities }: LabelTable): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    const base = row * labels;
    const held = truth.subarray(base, base + labels);
    const holding = held.reduce((sum, holds) => sum + holds, 0);
    if (holding === 0 || holding === labels) return 1;
    let sum = 0;
    for (let label = 0; label < labels; label++) {
      if (held[label] !== 1) continue;
      let [above, aboveHolding] = [0, 0];
      for (let other = 0; other < labels; other++) {
        if (probabilities[base + other]! < probabilities[base + label]!) continue;
        above++;
        aboveHolding += held[other]!;
      }
      sum += aboveHolding / above;
    }
    return sum / holding;
  });
}

/** Labels decided wrongly in each row. */
export function wrongLabels({ rows, labels, truth, decided }: LabelTable): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    let wrong = 0;
    for (let at = row * labels; at < (row + 1) * labels; at++) if (truth[at] !== decided[at]) wrong++;
    return wrong;
  });
}

/** All figures of rows that count by their weights. What does not change with the weights is computed once. */
export function labelFigures(table: LabelTable): (weights: Float64Array) => Record<string, number> {
  const { rows, labels } = table;
  const ranking = labelRanking(table);
  const wrong = wrongLabels(table);
  const ranked = Array.from({ length: labels }, (_, label) => rankedRows(table, label));
  return (weights) => {
    const { right, said, known } = countLabels(table, weights);
    const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
    const mean = (value: (row: number) => number) => {
      let [sum, whole] = [0, 0];
      for (let row = 0; row < rows; row++) {
        sum += weights[row]! * value(row);
        whole += weights[row]!;
      }
      return sum / whole;
    };
    const precisions = ranked
      .map((order, label) => averagePrecision(table, label, order, weights))
      .filter((value) => !Number.isNaN(value));
    return {
      "f1-micro": f1Of(total(right), total(said), total(known)),
      "f1-macro": total(right.map((value, label) => f1Of(value, said[label]!, known[label]!))) / labels,
      "mean-average-precision": precisions.reduce((sum, value) => sum + value, 0) / precisions.length,
      "label-ranking": mean((row) => ranking[row]!),
      "hamming-loss": mean((row) => wrong[row]! / labels),
      "subset-accuracy": mean((row) => (wrong[row] === 0 ? 1 : 0)),
    };
  };
}
