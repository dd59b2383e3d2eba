/**
 * Vectors of pieces from the company they keep in the training texts, before any target is looked at: the leading
 * directions of their positive pointwise mutual information (Levy and Goldberg, 2014), found by orthogonal iteration.
 */
import type { Random } from "../../../../foundation/base/random.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { Checkpoint } from "../../numeric/pace.js";

/** Pieces to either side that count as company; a piece k places away counts 1 / k. */
const WINDOW = 6;
/** Contexts count by this power, so that rare ones are not overrated (Levy, Goldberg and Dagan, 2015). */
const SMOOTHING = 0.75;
const ITERATIONS = 6;
/** The work is bounded: places that are read, pieces (the most frequent) and directions that are learnt. */
const MOST = { places: 2 ** 21, pieces: 2 ** 14, directions: 128 };
const DEVIATION = 0.1;

export interface CooccurrenceOptions {
  readonly vocabulary: number;
  readonly width: number;
  readonly random: Random;
  readonly checkpoint: Checkpoint;
}

/**
 * Row-major [vocabulary, width] of tokens int32 [rows, L], with a deviation of 0.1. What is not learnt is drawn: pieces that do
 * not occur or are among the rarest, directions beyond 128.
 */
export async function cooccurrenceVectors(
  { shape, data }: Tensor,
  { vocabulary, width, random, checkpoint }: CooccurrenceOptions,
): Promise<Float32Array> {
  const ids = data as Int32Array;
  const pieces = frequentPieces(ids, vocabulary);
  const directions = Math.min(width, MOST.directions, pieces.length);
  const matrix = positiveInformation(countCompany(ids, shape[1]!, pieces, vocabulary));
  let basis = Float64Array.from({ length: pieces.length * directions }, () => random.normal());
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    await checkpoint(iteration);
    orthonormalize(basis, directions);
    basis = product(matrix, basis, directions);
  }
  scaleColumns(basis, directions);
  const vectors = Float32Array.from({ length: vocabulary * width }, () => DEVIATION * random.normal());
  for (const [row, id] of pieces.entries()) {
    vectors.set(basis.subarray(row * directions, (row + 1) * directions), id * width);
  }
  return vectors;
}

/** Ids of the pieces that occur, the most frequent first. */
function frequentPieces(ids: Int32Array, vocabulary: number): Int32Array {
  const counts = new Int32Array(vocabulary);
  for (const id of ids) if (id > 0) counts[id]!++;
  const found = Int32Array.from(counts.keys()).filter((id) => counts[id]! > 0);
  return found.sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, MOST.pieces);
}

/** By piece, as positions in `pieces`: its companions and how much they count; symmetric. */
type Company = readonly Map<number, number>[];

function countCompany(ids: Int32Array, length: number, pieces: Int32Array, vocabulary: number): Company {
  const places = new Int32Array(vocabulary).fill(-1);
  for (const [place, id] of pieces.entries()) places[id] = place;
  const company = Array.from(pieces, () => new Map<number, number>());
  const add = (a: number, b: number, count: number) => {
    const row = company[a]!;
    row.set(b, (row.get(b) ?? 0) + count);
  };
  let read = 0;
  for (let start = 0; start < ids.length && read < MOST.places; start += length) {
    for (let at = 0; at < length && ids[start + at]! > 0; at++, read++) {
      const b = places[ids[start + at]!]!;
      for (let back = 1; b >= 0 && back <= Math.min(WINDOW, at); back++) {
        const a = places[ids[start + at - back]!]!;
        if (a < 0) continue;
        add(a, b, 1 / back);
        add(b, a, 1 / back);
      }
    }
  }
  return company;
}

/** Symmetric, by compressed rows. */
interface SparseMatrix {
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

function positiveInformation(company: Company): SparseMatrix {
  const totals = company.map((row) => [...row.values()].reduce((sum, count) => sum + count, 0));
  const powers = totals.map((total) => total ** SMOOTHING);
  const whole = powers.reduce((sum, power) => sum + power, 0);
  const information = (a: number, b: number, count: number): number =>
    Math.max(0, Math.log((count * whole) / (totals[a]! * powers[b]!)));
  const starts = new Int32Array(company.length + 1);
  const [columns, values] = [[] as number[], [] as number[]];
  for (const [a, row] of company.entries()) {
    for (const [b, count] of row) {
      // The smoothing has a direction; the mean of both is symmetric.
      const value = (information(a, b, count) + information(b, a, count)) / 2;
      if (value === 0) continue;
      columns.push(b);
      values.push(value);
    }
    starts[a + 1] = columns.length;
  }
  return { starts, columns: Int32Array.from(columns), values: Float64Array.from(values) };
}

/** Of a basis [rows, width], row-major. */
function product({ starts, columns, values }: SparseMatrix, basis: Float64Array, width: number) {
  const result = new Float64Array(basis.length);
  for (let row = 0; row + 1 < starts.length; row++) {
    const to = row * width;
    for (let at = starts[row]!; at < starts[row + 1]!; at++) {
      const [value, from] = [values[at]!, columns[at]! * width];
      for (let k = 0; k < width; k++) result[to + k]! += value * basis[from + k]!;
    }
  }
  return result;
}

/** Columns of length 1, each at right angles to those before (Gram-Schmidt, modified); a column of zeros stays. */
function orthonormalize(basis: Float64Array, width: number): void {
  for (let column = 0; column < width; column++) {
    for (let before = 0; before < column; before++) {
      let overlap = 0;
      for (let at = 0; at < basis.length; at += width) overlap += basis[at + before]! * basis[at + column]!;
      for (let at = 0; at < basis.length; at += width) basis[at + column]! -= overlap * basis[at + before]!;
    }
    divideColumn(basis, width, column, columnLength(basis, width, column));
  }
}

/** Columns whose lengths are singular values count by their root; the mean square becomes that of drawn vectors. */
function scaleColumns(basis: Float64Array, width: number): void {
  for (let column = 0; column < width; column++) {
    divideColumn(basis, width, column, Math.sqrt(columnLength(basis, width, column)));
  }
  const square = basis.reduce((sum, value) => sum + value ** 2, 0) / Math.max(1, basis.length);
  for (let column = 0; column < width; column++) {
    divideColumn(basis, width, column, Math.sqrt(square) / DEVIATION);
  }
}

function columnLength(basis: Float64Array, width: number, column: number): number {
  let sum = 0;
  for (let at = column; at < basis.length; at += width) sum += basis[at]! ** 2;
  return Math.sqrt(sum);
}

function divideColumn(basis: Float64Array, width: number, column: number, by: number): void {
  for (let at = column; by > 0 && at < basis.length; at += width) basis[at]! /= by;
}
