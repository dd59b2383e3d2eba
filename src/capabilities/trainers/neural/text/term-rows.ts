/** Rows of texts as sparse vectors of their terms. */
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import { TABLE } from "../table-input.js";
import { type TermSpace, termsOf } from "./terms.js";
import { type TextInputs, textName } from "./text-columns.js";

export interface KnownTerm {
  readonly term: number;
  readonly column: number;
  /** Inverse document frequency, smoothed as scikit-learn does: ln((1 + rows) / (1 + rows with it)) + 1. */
  readonly rarity: number;
}

/** Compressed rows: the entries of row r are those from `starts[r]` to `starts[r + 1]`. */
export interface TermRows {
  readonly starts: Float64Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
  /** Columns: the terms of each text, then the other features. */
  readonly width: number;
  /** Of each text. */
  readonly terms: readonly (readonly KnownTerm[])[];
}

/** A term of one row alone says nothing about others. */
const LEAST_ROWS = 2;
/** Coefficients of all outputs together; the terms of most rows are kept. */
const MOST_COEFFICIENTS = 2 ** 22;

export interface TermRowsOptions {
  readonly inputs: TextInputs;
  readonly outputs: number;
  readonly widePairBuckets: number;
}

/** Each text of a row is of length 1. */
export function createTermRows(
  tensors: Readonly<Record<string, Tensor>>,
  { inputs, outputs, widePairBuckets: buckets }: TermRowsOptions,
): TermRows {
  const most = Math.max(1, Math.floor(MOST_COEFFICIENTS / outputs / Math.max(1, inputs.texts.length)));
  let width = 0;
  const texts = inputs.texts.map(({ vocabulary }, k) => {
    const read = readTerms(tensors[textName(k)]!, { vocabulary, buckets });
    const known = knownTerms(read, most, width);
    width += known.length;
    return { read, known, byTerm: new Map(known.map((term) => [term.term, term])) };
  });
  const table = tensors[TABLE];
  const rows = Object.values(tensors)[0]!.shape[0]!;
  const [starts, columns, values] = [new Float64Array(rows + 1), [] as number[], [] as number[]];
  for (let row = 0; row < rows; row++) {
    for (const { read, byTerm } of texts) {
      const found = read[row]!.flatMap((term) => byTerm.get(term) ?? []);
      const norm = Math.sqrt(found.reduce((sum, { rarity }) => sum + rarity ** 2, 0));
      for (const { column, rarity } of found) {
        columns.push(column);
        values.push(rarity / norm);
      }
    }
    for (let k = 0; table && k < inputs.features; k++) {
      columns.push(width + k);
      values.push((table.data as Float32Array)[row * inputs.features + k]!);
    }
    starts[row + 1] = columns.length;
  }
  return {
    ...{ starts, columns: Int32Array.from(columns), values: Float32Array.from(values) },
    width: width + (table ? inputs.features : 0),
    terms: texts.map(({ known }) => known),
  };
}

function readTerms({ shape, data }: Tensor, space: TermSpace): number[][] {
  const [rows, length] = shape as [number, number];
  return Array.from({ length: rows }, (_, row) =>
    termsOf((data as Int32Array).subarray(row * length, (row + 1) * length), space),
  );
}

function knownTerms(read: readonly (readonly number[])[], most: number, firstColumn: number): KnownTerm[] {
  const counts = new Map<number, number>();
  for (const terms of read) for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= LEAST_ROWS)
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || a - b)
    .slice(0, most)
    .map(([term, count], k) => ({
      ...{ term, column: firstColumn + k },
      rarity: Math.log((1 + read.length) / (1 + count)) + 1,
    }));
}
