import { createInstance } from "./kernel-instance.js";
import { KernelMemory } from "./kernel-memory.js";

/** Row-major float64 in the memory of one `DenseAlgebra`; gone when the memory is released. */
export interface DenseMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly address: number;
  /** A view: reads and writes go through. */
  readonly values: Float64Array;
}

/**
 * Functions of s = gamma |x - y|^2 >= 0, all 1 at 0: gaussian exp(-s), and the Matern family in r = |x - y| / l with
 * gamma = 1 / (2 l^2) (Rasmussen and Williams, Gaussian Processes for Machine Learning, 4.2), of which
 * `exponential` is the roughest (nu = 1/2).
 */
export const RADIAL_KERNELS = ["gaussian", "matern52", "matern32", "exponential"] as const;
export type RadialKernel = (typeof RADIAL_KERNELS)[number];

interface DenseExports {
  multiplyTransposed(
    c: number,
    strideC: number,
    a: number,
    strideA: number,
    rowsA: number,
    b: number,
    strideB: number,
    rowsB: number,
    depth: number,
    factor: number,
    lowerOnly: number,
  ): void;
  factorizeCholesky(matrix: number, size: number, stride: number): number;
  solveRows(
    lower: number,
    size: number,
    stride: number,
    rows: number,
    strideRows: number,
    count: number,
  ): void;
  invertLower(lower: number, size: number, inverse: number): void;
  squaredDistances(
    target: number,
    a: number,
    normsA: number,
    rowsA: number,
    b: number,
    normsB: number,
    rowsB: number,
    width: number,
  ): void;
  kernelValues(source: number, target: number, count: number, gamma: number, kind: number): void;
  transposeMatrix(source: number, rows: number, columns: number, target: number): void;
}

/** An instance whose memory has grown beyond this is not kept. */
const KEPT_BYTES = 128 * 2 ** 20;

let idle: DenseAlgebra | undefined;

/**
 * Dense float64 linear algebra in WebAssembly, on the calling thread. Matrices are handed out in a stack:
 * `mark` and `freeTo` bound scratch space. About 4 to 6 GFlop/s on one core.
 */
export class DenseAlgebra {
  readonly #memory = new KernelMemory();
  readonly #exports = createInstance<DenseExports>("dense", this.#memory);

  private constructor() {}

  /** Give it back with `release`, also after an error. */
  static acquire(): DenseAlgebra {
    const algebra = idle ?? new DenseAlgebra();
    idle = undefined;
    algebra.#memory.reset();
    return algebra;
  }

  release(): void {
    if (this.#memory.bytes <= KEPT_BYTES) idle = this;
  }

  mark(): number {
    return this.#memory.mark();
  }
  freeTo(mark: number): void {
    this.#memory.release(mark);
  }

  /** Contents are arbitrary. @throws QuernError OUT_OF_MEMORY */
  matrix(rows: number, columns: number): DenseMatrix {
    const address = this.#memory.allocate(rows * columns * 8);
    return { rows, columns, address, values: this.#memory.float64(address, rows * columns) };
  }

  copy(values: ArrayLike<number>, rows: number, columns: number): DenseMatrix {
    const matrix = this.matrix(rows, columns);
    matrix.values.set(values);
    return matrix;
  }

  /** `target` += factor * A B'. */
  addProduct(target: DenseMatrix, a: DenseMatrix, b: DenseMatrix, factor = 1): void {
    const { multiplyTransposed } = this.#exports;
    const { columns, address, rows } = a;
    multiplyTransposed(
      target.address,
      target.columns,
      address,
      columns,
      rows,
      b.address,
      b.columns,
      b.rows,
      columns,
      factor,
      0,
    );
  }

  /** The lower triangle of `target` += A A'; what is above it is undefined afterwards. */
  addSquare(target: DenseMatrix, a: DenseMatrix): void {
    const { multiplyTransposed } = this.#exports;
    const { columns, address, rows } = a;
    multiplyTransposed(target.address, rows, address, columns, rows, address, columns, rows, columns, 1, 1);
  }

  /** The lower triangle becomes L, A = L L'. False where a pivot is not positive; A is spoilt then. */
  factorize(matrix: DenseMatrix): boolean {
    return this.#exports.factorizeCholesky(matrix.address, matrix.rows, matrix.columns) === 0;
  }

  /** X := X L^-T, that is L x = r for each row r of X. */
  solveRows(lower: DenseMatrix, x: DenseMatrix): void {
    this.#exports.solveRows(lower.address, lower.rows, lower.columns, x.address, x.columns, x.rows);
  }

  /** `target` := L^-T, upper triangular. */
  invertLower(lower: DenseMatrix, target: DenseMatrix): void {
    this.#exports.invertLower(lower.address, lower.rows, target.address);
  }

  /** `target` [a.rows][b.rows] := squared distances by |a|^2 + |b|^2 - 2 a.b, rounding taken for 0: centre the rows. */
  squaredDistances(target: DenseMatrix, a: DenseMatrix, b: DenseMatrix): void {
    const mark = this.mark();
    const normsA = this.#squaredNorms(a);
    const normsB = this.#squaredNorms(b);
    this.#exports.squaredDistances(
      target.address,
      a.address,
      normsA.address,
      a.rows,
      b.address,
      normsB.address,
      b.rows,
      a.columns,
    );
    this.freeTo(mark);
  }

  /** `target` := kernel of gamma * `source`, entry by entry; they may be the same matrix. */
  kernelValues(source: DenseMatrix, target: DenseMatrix, kernel: RadialKernel, gamma: number): void {
    const count = source.rows * source.columns;
    const kind = RADIAL_KERNELS.indexOf(kernel);
    this.#exports.kernelValues(source.address, target.address, count, gamma, kind);
  }

  transpose(source: DenseMatrix, target: DenseMatrix): void {
    this.#exports.transposeMatrix(source.address, source.rows, source.columns, target.address);
  }

  #squaredNorms({ rows, columns, values }: DenseMatrix): DenseMatrix {
    const norms = this.matrix(rows, 1);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = row * columns; k < (row + 1) * columns; k++) sum += values[k]! * values[k]!;
      norms.values[row] = sum;
    }
    return norms;
  }
}
