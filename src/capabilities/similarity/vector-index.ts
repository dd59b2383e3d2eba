/** The nearest of many vectors by their cosine, exactly: a product of matrices and the best of each row. */
import {
  createGraph,
  Expressions,
  type ImmediateSession,
  openImmediately,
} from "../../engines/onnx/index.js";

/** Row-major [rows, width]. */
export interface Vectors {
  readonly values: Float32Array;
  readonly width: number;
}

/** The nearest of one query, the nearest first; of equally near ones the earlier row. */
export interface Neighbours {
  readonly rows: Int32Array;
  /** -1 to 1. */
  readonly similarities: Float32Array;
}

export interface VectorIndex {
  readonly rows: number;
  /** At most `count` a query, fewer where the index has fewer rows. */
  nearest(queries: Vectors, count: number): Neighbours[];
}

/** Queries whose products with all rows lie in memory together: so many bytes at most. */
const PRODUCT_BYTES = 64 * 2 ** 20;

/** A row without a direction (all 0) is near to none: its cosine counts as 0. */
export function createVectorIndex(catalogue: Vectors): VectorIndex {
  const { width } = catalogue;
  const unit = unitRows(catalogue);
  const rows = unit.length / width;
  let session: ImmediateSession | undefined;
  return {
    rows,
    nearest(queries, count) {
      if (queries.width !== width)
        throw new Error(`Vectors of ${queries.width} values meet an index of ${width}.`);
      const kept = Math.min(count, rows);
      const total = queries.values.length / width;
      if (kept === 0)
        return Array.from({ length: total }, () => ({
          rows: new Int32Array(0),
          similarities: new Float32Array(0),
        }));
      session ??= openProduct(unit, rows, width);
      const asked = unitRows(queries);
      const together = Math.max(1, Math.floor(PRODUCT_BYTES / (4 * rows)));
      const found: Neighbours[] = [];
      for (let start = 0; start < total; start += together) {
        const data = asked.subarray(start * width, Math.min(total, start + together) * width);
        const shape = [data.length / width, width];
        const { data: cosines } = session.run({ queries: { type: "float32", shape, data } }).cosines!;
        for (let row = 0; row < shape[0]!; row++) {
          found.push(best((cosines as Float32Array).subarray(row * rows, (row + 1) * rows), kept));
        }
      }
      return found;
    },
  };
}

/** The catalogue lies in the graph, so that only queries move. */
function openProduct(unit: Float32Array, rows: number, width: number): ImmediateSession {
  const graph = createGraph({ name: "similarity" });
  const x = new Expressions(graph);
  const queries = graph.input("queries", "float32", ["N", width]);
  const catalogue = graph.constant("float32", [rows, width], unit);
  graph.output("cosines", x.matmul(queries, x.transpose(catalogue, [1, 0])));
  return openImmediately(graph.toModel());
}

function unitRows({ values, width }: Vectors): Float32Array {
  const unit = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    let square = 0;
    for (let k = start; k < start + width; k++) square += values[k]! ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let k = start; k < start + width; k++) unit[k] = scale * values[k]!;
  }
  return unit;
}

/** A heap of the best so far, its worst on top: most rows are looked at once and left. */
function best(cosines: Float32Array, count: number): Neighbours {
  const heap: number[] = [];
  const isWorse = (a: number, b: number) => cosines[a]! < cosines[b]! || (cosines[a] === cosines[b] && a > b);
  const sink = (from: number) => {
    for (let at = from; ; ) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isWorse(heap[child]!, heap[worst]!)) worst = child;
      }
      if (worst === at) return;
      [heap[at], heap[worst]] = [heap[worst]!, heap[at]!];
      at = worst;
    }
  };
  for (let row = 0; row < cosines.length; row++) {
    if (heap.length < count) {
      heap.push(row);
      if (heap.length === count) for (let at = count >> 1; at >= 0; at--) sink(at);
    } else if (isWorse(heap[0]!, row)) {
      heap[0] = row;
      sink(0);
    }
  }
  const rows = Int32Array.from(heap.sort((a, b) => (isWorse(a, b) ? 1 : -1)));
  return { rows, similarities: Float32Array.from(rows, (row) => cosines[row]!) };
}
