/**
 * Exact k nearest neighbours by blocked brute force, abandoning a pair as soon as its partial distance is too
 * great. Squared distances are compared as whole multiples of a `unit`, and ties go to the lower row, so that
 * the graph, whose sums round differently, finds the very same neighbours.
 */
export interface SearchSpace {
  readonly rows: number;
  readonly width: number;
  /** Centred rows, row-major, columns in `order`. */
  readonly points: Float64Array;
  /** Columns by falling spread: large differences come first. */
  readonly order: Int32Array;
  readonly center: Float32Array;
  /** A power of two. */
  readonly unit: number;
}

export interface Neighbours {
  /** Row-major `queries * k`, nearest first. */
  readonly rows: Int32Array;
  /** Squared distances in units, whole numbers. */
  readonly distances: Float64Array;
}

const QUERY_BLOCK = 64;
const POINT_BLOCK = 256;
const CHUNK = 8;

/**
 * The grain of squared distances: 2^-26 of the mean squared distance of the points from their centre. Far
 * coarser than float64 rounding, far finer than any difference that means something.
 */
export function distanceUnit(points: Float32Array, width: number, center: Float32Array): number {
  return 2 ** (Math.floor(Math.log2(meanSquaredRadius(points, width, center) || 1)) - 26);
}

/** The root of the mean squared distance between two points. */
export function typicalDistance(points: Float32Array, width: number, center: Float32Array): number {
  return Math.sqrt(2 * meanSquaredRadius(points, width, center));
}

/** Mean squared distance of the points from their centre. */
function meanSquaredRadius(points: Float32Array, width: number, center: Float32Array): number {
  let squares = 0;
  for (let base = 0; base < points.length; base += width) {
    for (let j = 0; j < width; j++) {
      const deviation = points[base + j]! - center[j]!;
      squares += deviation * deviation;
    }
  }
  return points.length > 0 ? (squares * width) / points.length : 0;
}

export function createSearchSpace(
  points: Float32Array,
  width: number,
  center: Float32Array,
  unit: number,
): SearchSpace {
  const rows = width > 0 ? points.length / width : 0;
  const spread = new Float64Array(width);
  for (let i = 0; i < points.length; i++) {
    const deviation = points[i]! - center[i % width]!;
    spread[i % width]! += deviation * deviation;
  }
  const order = Int32Array.from({ length: width }, (_, j) => j).sort(
    (a, b) => spread[b]! - spread[a]! || a - b,
  );
  return { rows, width, points: arrange(points, width, center, order), order, center, unit };
}

function arrange(values: Float32Array, width: number, center: Float32Array, order: Int32Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let base = 0; base < values.length; base += width) {
    for (let j = 0; j < width; j++) {
      const column = order[j]!;
      result[base + j] = values[base + column]! - center[column]!;
    }
  }
  return result;
}

/** `queries`: row-major `count * width`, finite. Needs k <= space.rows. */
export function findNeighbours(
  space: SearchSpace,
  queries: Float32Array,
  count: number,
  k: number,
): Neighbours {
  const arranged = arrange(queries, space.width, space.center, space.order);
  const rows = new Int32Array(count * k).fill(-1);
  const distances = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  for (let firstQuery = 0; firstQuery < count; firstQuery += QUERY_BLOCK) {
    const endQuery = Math.min(count, firstQuery + QUERY_BLOCK);
    for (let firstPoint = 0; firstPoint < space.rows; firstPoint += POINT_BLOCK) {
      const endPoint = Math.min(space.rows, firstPoint + POINT_BLOCK);
      for (let query = firstQuery; query < endQuery; query++) {
        scan(space, arranged, query, firstPoint, endPoint, k, rows, distances);
      }
    }
  }
  return { rows, distances };
}

/** Offers points [first, end) to the k best of one query. */
function scan(
  { width, points, unit }: SearchSpace,
  queries: Float64Array,
  query: number,
  first: number,
  end: number,
  k: number,
  rows: Int32Array,
  distances: Float64Array,
): void {
  const start = query * k;
  const last = start + k - 1;
  // A greater sum rounds to the worst distance at least, and ties keep the earlier row.
  let bound = distances[last]! * unit;
  for (let point = first; point < end; point++) {
    const sum = boundedSquaredDistance(queries, query * width, points, point * width, width, bound);
    if (sum > bound) continue;
    const distance = roundHalfEven(sum / unit);
    if (!(distance < distances[last]!)) continue;
    let slot = last;
    while (slot > start && distances[slot - 1]! > distance) {
      distances[slot] = distances[slot - 1]!;
      rows[slot] = rows[slot - 1]!;
      slot--;
    }
    distances[slot] = distance;
    rows[slot] = point;
    bound = distances[last]! * unit;
  }
}

/** The squared distance, or any number above `bound` once it is known to be greater. */
function boundedSquaredDistance(
  a: Float64Array,
  startA: number,
  b: Float64Array,
  startB: number,
  width: number,
  bound: number,
): number {
  let sum = 0;
  let j = 0;
  for (; j + CHUNK <= width; j += CHUNK) {
    const p = startA + j;
    const q = startB + j;
    const d0 = a[p]! - b[q]!;
    const d1 = a[p + 1]! - b[q + 1]!;
    const d2 = a[p + 2]! - b[q + 2]!;
    const d3 = a[p + 3]! - b[q + 3]!;
    const d4 = a[p + 4]! - b[q + 4]!;
    const d5 = a[p + 5]! - b[q + 5]!;
    const d6 = a[p + 6]! - b[q + 6]!;
    const d7 = a[p + 7]! - b[q + 7]!;
    sum += d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3) + (d4 * d4 + d5 * d5 + (d6 * d6 + d7 * d7));
    if (sum > bound) return sum;
  }
  for (; j < width; j++) {
    const difference = a[startA + j]! - b[startB + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** As ONNX Round: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
