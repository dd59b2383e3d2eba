// Dense float64 linear algebra and radial kernels. Runs alone, on the calling thread; arguments are addresses
// and sizes, every matrix row-major.

export { multiplyTransposed } from "./dense-product";
export { factorizeCholesky, invertLower, solveRows } from "./dense-cholesky";
export { kernelValues, squaredDistances } from "./radial-kernel";

/** `target` [columns][rows] of `source` [rows][columns], in squares that stay in the cache. */
export function transposeMatrix(source: usize, rows: i32, columns: i32, target: usize): void {
  for (let row = 0; row < rows; row += 16) {
    for (let column = 0; column < columns; column += 16) {
      for (let i = row, endRow = min(rows, row + 16); i < endRow; i++) {
        for (let j = column, endColumn = min(columns, column + 16); j < endColumn; j++) {
          store<f64>(
            target + ((<usize>j * <usize>rows + <usize>i) << 3),
            load<f64>(source + ((<usize>i * <usize>columns + <usize>j) << 3)),
          );
        }
      }
    }
  }
}
