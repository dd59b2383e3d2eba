/**
 * A smooth function's local minimum in a box: limited-memory BFGS on the coordinates that no bound holds, with a
 * projected backtracking line search (Bertsekas, "Projected Newton methods", SIAM J. Control Optim. 20, 1982).
 */
export interface BoxProblem {
  /** Inside the box; not changed. */
  readonly start: Float64Array;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** Returns the value and fills `gradient`. */
  evaluate(point: Float64Array, gradient: Float64Array): number;
  /** Stop when no component of the projected gradient exceeds this. */
  readonly tolerance: number;
  readonly maxIterations: number;
}
export interface BoxMinimum {
  readonly point: Float64Array;
  readonly value: number;
}

const MEMORY = 8;
const SUFFICIENT_DECREASE = 1e-4;
const BACKTRACKS = 25;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

export function minimizeInBox(problem: BoxProblem): BoxMinimum {
  const size = problem.start.length;
  let pairs: Pair[] = [];
  let point: Float64Array = problem.start.slice();
  let gradient: Float64Array = new Float64Array(size);
  let value = problem.evaluate(point, gradient);
  for (let iteration = 0; iteration < problem.maxIterations; iteration++) {
    const free = freeCoordinates(problem, point, gradient);
    if (!free.some((isFree, i) => isFree && Math.abs(gradient[i]!) > problem.tolerance)) break;
    const direction = quasiNewton(pairs, gradient, free);
    const next = search(problem, point, gradient, value, direction, pairs.length === 0);
    if (!next) {
      if (pairs.length === 0) break;
      pairs = [];
      continue;
    }
    const step = next.point.map((x, i) => x - point[i]!);
    const change = next.gradient.map((g, i) => g - gradient[i]!);
    const curvature = dot(step, change);
    if (curvature > 1e-12 * dot(change, change))
      pairs = [...pairs.slice(1 - MEMORY), { step, change, curvature }];
    const gain = value - next.value;
    ({ point, gradient, value } = next);
    if (gain <= 1e-12 * Math.max(1, Math.abs(value))) break;
  }
  return { point, value };
}

function freeCoordinates({ low, high }: BoxProblem, point: Float64Array, gradient: Float64Array): boolean[] {
  return Array.from(
    point,
    (x, i) => !((x <= low[i]! && gradient[i]! > 0) || (x >= high[i]! && gradient[i]! < 0)),
  );
}

/** Minus the inverse Hessian times the gradient, in the free coordinates; the other components are 0. */
function quasiNewton(pairs: readonly Pair[], gradient: Float64Array, free: readonly boolean[]): Float64Array {
  const masked = (values: Float64Array) => values.map((value, i) => (free[i] ? value : 0));
  const direction = masked(gradient).map((g) => -g);
  const usable = pairs
    .map((pair) => ({ step: masked(pair.step), change: masked(pair.change) }))
    .map((pair) => ({ ...pair, curvature: dot(pair.step, pair.change) }))
    .filter(({ change, curvature }) => curvature > 1e-12 * dot(change, change));
  const last = usable.at(-1);
  if (!last) return direction;
  const factors: number[] = [];
  for (const { step, change, curvature } of usable.toReversed()) {
    const factor = dot(step, direction) / curvature;
    factors.push(factor);
    for (let i = 0; i < direction.length; i++) direction[i]! -= factor * change[i]!;
  }
  const scale = last.curvature / dot(last.change, last.change);
  for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  for (const { step, change, curvature } of usable) {
    const correction = factors.pop()! - dot(change, direction) / curvature;
    for (let i = 0; i < direction.length; i++) direction[i]! += correction * step[i]!;
  }
  return direction;
}

function search(
  problem: BoxProblem,
  point: Float64Array,
  gradient: Float64Array,
  value: number,
  direction: Float64Array,
  first: boolean,
): { point: Float64Array; gradient: Float64Array; value: number } | undefined {
  const { low, high } = problem;
  let length = first ? Math.min(1, 1 / Math.sqrt(dot(direction, direction))) : 1;
  for (let attempt = 0; attempt < BACKTRACKS; attempt++, length /= 2) {
    const candidate = point.map((x, i) => Math.min(high[i]!, Math.max(low[i]!, x + length * direction[i]!)));
    let expected = 0;
    for (let i = 0; i < candidate.length; i++) expected += gradient[i]! * (candidate[i]! - point[i]!);
    if (!(expected < 0)) continue;
    const slope = new Float64Array(point.length);
    const reached = problem.evaluate(candidate, slope);
    if (reached <= value + SUFFICIENT_DECREASE * expected)
      return { point: candidate, gradient: slope, value: reached };
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
