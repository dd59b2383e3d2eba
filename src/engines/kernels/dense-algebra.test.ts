import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import { DenseAlgebra, type DenseMatrix, RADIAL_KERNELS } from "./dense-algebra.js";
import {
  referenceCholesky,
  referenceKernel,
  referenceProduct,
  referenceSolveRows,
} from "./reference/dense-algebra.js";

function normals(seed: number, length: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length }, () => random.normal());
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-11): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (!(gap <= tolerance * (1 + Math.abs(expected[i]!))))
      throw new Error(`Entry ${i} is ${actual[i]}, expected ${expected[i]}.`);
  }
}

function using(work: (algebra: DenseAlgebra) => void): void {
  const algebra = DenseAlgebra.acquire();
  try {
    work(algebra);
  } finally {
    algebra.release();
  }
}

const lowerOf = ({ values, rows }: DenseMatrix) =>
  values.map((value, index) => (index % rows > Math.floor(index / rows) ? 0 : value));

const size = fc.integer({ min: 1, max: 150 });

describe("dense algebra equals its plain reference", () => {
  test("products, also beyond one block of depth", () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.oneof(size, fc.integer({ min: 250, max: 530 })),
        fc.nat(),
        (rowsA, rowsB, depth, seed) =>
          using((algebra) => {
            const a = algebra.copy(normals(seed, rowsA * depth), rowsA, depth);
            const b = algebra.copy(normals(seed + 1, rowsB * depth), rowsB, depth);
            const start = normals(seed + 2, rowsA * rowsB);
            const target = algebra.copy(start, rowsA, rowsB);
            algebra.addProduct(target, a, b, -2);
            const product = referenceProduct(a.values, b.values, depth);
            close(
              target.values,
              start.map((value, i) => value - 2 * product[i]!),
            );
          }),
      ),
      { numRuns: 30 },
    );
  });

  test("Cholesky factors, row solves and inverses of A A' + I", () => {
    fc.assert(
      fc.property(size, size, fc.nat(), (rows, count, seed) =>
        using((algebra) => {
          const a = algebra.copy(normals(seed, rows * 7), rows, 7);
          const identity = new Float64Array(rows * rows);
          for (let i = 0; i < rows; i++) identity[i * (rows + 1)] = 1;
          const square = algebra.copy(identity, rows, rows);
          algebra.addSquare(square, a);
          const full = referenceProduct(a.values, a.values, 7).map((value, i) => value + identity[i]!);
          expect(algebra.factorize(square)).toBe(true);
          const lower = referenceCholesky(full, rows)!;
          close(lowerOf(square), lower);
          const x = algebra.copy(normals(seed + 1, count * rows), count, rows);
          const solved = referenceSolveRows(lower, rows, x.values);
          algebra.solveRows(square, x);
          close(x.values, solved);
          const inverse = algebra.matrix(rows, rows);
          algebra.invertLower(square, inverse);
          close(inverse.values, referenceSolveRows(lower, rows, identity));
          const turned = algebra.matrix(rows, count);
          algebra.transpose(x, turned);
          close(
            turned.values,
            Array.from(
              { length: rows * count },
              (_, i) => solved[(i % count) * rows + Math.floor(i / count)]!,
            ),
          );
        }),
      ),
      { numRuns: 30 },
    );
  });

  test("a matrix that is not positive definite is refused", () =>
    using((algebra) => {
      expect(algebra.factorize(algebra.copy([1, 0, 2, 1], 2, 2))).toBe(false);
      expect(algebra.factorize(algebra.copy([Number.NaN], 1, 1))).toBe(false);
    }));

  test("squared distances and kernels, from equal points to far ones", () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 9 }), fc.nat(), (rowsA, rowsB, width, seed) =>
        using((algebra) => {
          const a = algebra.copy(normals(seed, rowsA * width), rowsA, width);
          const b = algebra.copy(normals(seed, rowsB * width), rowsB, width);
          const squared = algebra.matrix(rowsA, rowsB);
          algebra.squaredDistances(squared, a, b);
          const expected = squared.values.map((_, index) => {
            const i = Math.floor(index / rowsB) * width;
            const j = (index % rowsB) * width;
            let sum = 0;
            for (let k = 0; k < width; k++) sum += (a.values[i + k]! - b.values[j + k]!) ** 2;
            return sum;
          });
          close(squared.values, expected);
          expect(squared.values.every((value) => value >= 0)).toBe(true);
          const values = algebra.matrix(rowsA, rowsB);
          for (const kernel of RADIAL_KERNELS) {
            algebra.kernelValues(squared, values, kernel, 0.7);
            close(
              values.values,
              squared.values.map((value) => referenceKernel(kernel, 0.7 * value)),
              1e-14,
            );
          }
        }),
      ),
      { numRuns: 20 },
    );
    using((algebra) => {
      const far = algebra.copy([0, 1e-300, 1, 700, 708, 709, 1e5, 1e300, Number.POSITIVE_INFINITY], 1, 9);
      algebra.kernelValues(far, far, "gaussian", 1);
      const expected = [1, 1, Math.exp(-1), Math.exp(-700), Math.exp(-708), 0, 0, 0, 0];
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(far.values[i]! - value)).toBeLessThanOrEqual(1e-14 * value);
      }
    });
  });
});
