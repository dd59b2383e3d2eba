/**
 * Ridge regression on kernel values, with its exact leave-one-out predictions (Rasmussen and Williams, Gaussian
 * Processes for Machine Learning, 5.4.2; it is the mean of a Gaussian process of that noise variance).
 */
import type { DenseAlgebra, DenseMatrix } from "../../../engines/kernels/dense-algebra.js";

export interface RidgeTargets {
  /** Square roots of the row weights, all positive. */
  readonly rootWeights: Float64Array;
  readonly outputs: number;
  /** `outputs * rows`, each output centred. */
  readonly values: Float64Array;
}

export interface RidgeSolution {
  /** `outputs * points`, where the points are the rows or the landmarks. */
  readonly coefficients: Float64Array;
  /** `outputs * rows`: what the model without a row predicts for it, the centre and the landmarks kept. */
  readonly heldOut: Float64Array;
  /** The noise variance used: more than asked for where rounding left the system indefinite. */
  readonly noise: number;
}

export interface RidgeSystem {
  /** Weighted squares plus `noise` times the squared norm of the function. */
  solve(noise: number): RidgeSolution;
}

const LANDMARK_JITTER = 1e-10;
/** Rows turned at a time. */
const BLOCK_ROWS = 1024;

/** `kernel` [rows][rows] is kept and read by each solve: (S K S + noise) a = S y, S the root weights. */
export function exactSystem(algebra: DenseAlgebra, kernel: DenseMatrix, targets: RidgeTargets): RidgeSystem {
  const { rootWeights, outputs, values } = targets;
  const { rows } = kernel;
  return {
    solve(wanted) {
      const mark = algebra.mark();
      const lower = algebra.matrix(rows, rows);
      const noise = factorizeShifted(algebra, wanted, lower, () => {
        for (let i = 0; i < rows; i++) {
          const root = rootWeights[i]!;
          const base = i * rows;
          for (let j = 0; j <= i; j++) {
            lower.values[base + j] = kernel.values[base + j]! * root * rootWeights[j]!;
          }
        }
      });
      const inverse = algebra.matrix(rows, rows);
      algebra.invertLower(lower, inverse);
      const scaled = algebra.copy(weighted(values, rootWeights), outputs, rows);
      algebra.solveRows(lower, scaled);
      const dual = zeros(algebra, outputs, rows);
      algebra.addProduct(dual, scaled, inverse);
      const diagonal = rowSquares(inverse);
      const heldOut = values.map(
        (value, i) => value - dual.values[i]! / (diagonal[i % rows]! * rootWeights[i % rows]!),
      );
      const coefficients = weighted(dual.values, rootWeights);
      algebra.freeTo(mark);
      return { coefficients, heldOut, noise };
    },
  };
}

/**
 * The Nystroem approximation: functions spanned by the kernels of landmarks, in coordinates P = K_nm R^-T with
 * K_mm = R R', so that the norm is the plain one. Both kernels are overwritten: `among` [m][m] by R, `between`
 * [rows][m] by the weighted P. O(rows m^2) for each solve.
 */
export function landmarkSystem(
  algebra: DenseAlgebra,
  between: DenseMatrix,
  among: DenseMatrix,
  targets: RidgeTargets,
): RidgeSystem {
  const { rootWeights, outputs, values } = targets;
  const { rows, columns: landmarks } = between;
  const original = algebra.copy(among.values, landmarks, landmarks);
  factorizeShifted(algebra, LANDMARK_JITTER, among, () => among.values.set(original.values));
  algebra.solveRows(among, between);
  for (let i = 0; i < rows; i++) {
    for (let k = i * landmarks; k < (i + 1) * landmarks; k++) between.values[k]! *= rootWeights[i]!;
  }
  const scaled = weighted(values, rootWeights);
  const square = zeros(algebra, landmarks, landmarks);
  const right = zeros(algebra, outputs, landmarks);
  accumulate(algebra, between, { values: scaled, outputs }, square, right);
  return {
    solve(wanted) {
      const mark = algebra.mark();
      const lower = algebra.matrix(landmarks, landmarks);
      const noise = factorizeShifted(algebra, wanted, lower, () => lower.values.set(square.values));
      const half = algebra.copy(right.values, outputs, landmarks);
      algebra.solveRows(lower, half);
      const inverse = algebra.matrix(landmarks, landmarks);
      algebra.invertLower(lower, inverse);
      const primal = zeros(algebra, outputs, landmarks);
      algebra.addProduct(primal, half, inverse);
      algebra.invertLower(among, inverse);
      const coefficients = zeros(algebra, outputs, landmarks);
      algebra.addProduct(coefficients, primal, inverse);
      const heldOut = landmarkHeldOut(algebra, between, lower, half, targets);
      const result = { coefficients: coefficients.values.slice(), heldOut, noise };
      algebra.freeTo(mark);
      return result;
    },
  };
}

/** `square` += P'P (lower triangle) and `right` += Y'P, in blocks of rows. */
function accumulate(
  algebra: DenseAlgebra,
  points: DenseMatrix,
  { values, outputs }: { values: Float64Array; outputs: number },
  square: DenseMatrix,
  right: DenseMatrix,
): void {
  const { rows, columns } = points;
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const mark = algebra.mark();
    const count = Math.min(BLOCK_ROWS, rows - start);
    const turned = algebra.matrix(columns, count);
    algebra.transpose(rowBlock(points, start, count), turned);
    algebra.addSquare(square, turned);
    const target = algebra.matrix(outputs, count);
    for (let k = 0; k < outputs; k++) {
      target.values.set(values.subarray(k * rows + start, k * rows + start + count), k * count);
    }
    algebra.addProduct(right, target, turned);
    algebra.freeTo(mark);
  }
}

/** With Z = P L^-T, fitted = Z Z'y and the leverage of a row is its squared length. */
function landmarkHeldOut(
  algebra: DenseAlgebra,
  points: DenseMatrix,
  lower: DenseMatrix,
  half: DenseMatrix,
  { rootWeights, outputs, values }: RidgeTargets,
): Float64Array {
  const { rows, columns } = points;
  const heldOut = new Float64Array(outputs * rows);
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const mark = algebra.mark();
    const count = Math.min(BLOCK_ROWS, rows - start);
    const z = algebra.copy(rowBlock(points, start, count).values, count, columns);
    algebra.solveRows(lower, z);
    const fitted = zeros(algebra, count, outputs);
    algebra.addProduct(fitted, z, half);
    const leverage = rowSquares(z);
    for (let i = 0; i < count; i++) {
      const root = rootWeights[start + i]!;
      for (let k = 0; k < outputs; k++) {
        const at = k * rows + start + i;
        const residual = values[at]! - fitted.values[i * outputs + k]! / root;
        heldOut[at] = values[at]! - residual / (1 - leverage[i]!);
      }
    }
    algebra.freeTo(mark);
  }
  return heldOut;
}

/** Fills, adds to the diagonal and factorises, with ten times as much until the matrix is positive definite. */
function factorizeShifted(
  algebra: DenseAlgebra,
  wanted: number,
  matrix: DenseMatrix,
  fill: () => void,
): number {
  for (let shift = wanted; ; shift *= 10) {
    fill();
    for (let i = 0; i < matrix.rows; i++) matrix.values[i * (matrix.rows + 1)]! += shift;
    if (algebra.factorize(matrix)) return shift;
  }
}

function rowBlock({ address, columns, values }: DenseMatrix, start: number, count: number): DenseMatrix {
  return {
    rows: count,
    columns,
    address: address + start * columns * 8,
    values: values.subarray(start * columns, (start + count) * columns),
  };
}

function zeros(algebra: DenseAlgebra, rows: number, columns: number): DenseMatrix {
  const matrix = algebra.matrix(rows, columns);
  matrix.values.fill(0);
  return matrix;
}

/** Each of the `outputs * rows` values times its row's root weight. */
function weighted(values: Float64Array, rootWeights: Float64Array): Float64Array {
  return values.map((value, i) => value * rootWeights[i % rootWeights.length]!);
}

function rowSquares({ rows, columns, values }: DenseMatrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = i * columns; k < (i + 1) * columns; k++) sum += values[k]! * values[k]!;
    return sum;
  });
}
