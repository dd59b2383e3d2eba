import { dotProducts, squaredNorms } from "../numeric/distances.js";

/**
 * Rows of the Gram matrix of the Gaussian kernel exp(-gamma |x - y|^2) among the training rows, computed when
 * first asked for and kept while they fit in `budgetBytes`; the least recently used goes first. All
 * subproblems of a fit (pairs of classes, folds) share it.
 */
export class KernelRows {
  readonly rows: number;
  readonly #width: number;
  readonly #points: Float64Array;
  readonly #norms: Float64Array;
  readonly #gamma: number;
  readonly #capacity: number;
  /** In order of use. */
  readonly #kept = new Map<number, Float32Array>();
  readonly #products: Float64Array;

  /** `points`: centred, row-major `rows * width`. */
  constructor(points: Float64Array, rows: number, width: number, gamma: number, budgetBytes: number) {
    this.rows = rows;
    this.#width = width;
    this.#points = points;
    this.#norms = squaredNorms(points, rows, width);
    this.#gamma = gamma;
    this.#capacity = Math.max(2, Math.floor(budgetBytes / Math.max(1, rows * 4)));
    this.#products = new Float64Array(rows);
  }

  /** Kernel values of one row with all; valid until two further rows were asked for. */
  row(index: number): Float32Array {
    const known = this.#kept.get(index);
    if (known) {
      this.#kept.delete(index);
      this.#kept.set(index, known);
      return known;
    }
    const fresh = this.#reuse();
    const { rows } = this;
    dotProducts(this.#points, index * this.#width, this.#points, rows, this.#width, this.#products);
    const norm = this.#norms[index]!;
    for (let other = 0; other < rows; other++) {
      const squared = norm + this.#norms[other]! - 2 * this.#products[other]!;
      fresh[other] = squared > 0 ? Math.exp(-this.#gamma * squared) : 1;
    }
    this.#kept.set(index, fresh);
    return fresh;
  }

  #reuse(): Float32Array {
    if (this.#kept.size < this.#capacity) return new Float32Array(this.rows);
    const [oldest, row] = this.#kept.entries().next().value!;
    this.#kept.delete(oldest);
    return row;
  }
}
