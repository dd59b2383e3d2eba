/**
 * Limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with a weak Wolfe line search by bisection (Lewis
 * and Overton, 2013); with an L1 term it becomes OWL-QN (Andrew and Gao, 2007).
 */
import type { Checkpoint } from "./pace.js";

export interface Minimization {
  /** Starting point, not changed. */
  readonly start: Float64Array;
  /** The smooth part: returns its value and fills `gradient`. */
  evaluate(point: Float64Array, gradient: Float64Array): number;
  /** Weights of |x_i|, added to the objective. */
  readonly absolute?: Float64Array;
  /** Stop when no (sub)gradient component exceeds this. */
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly checkpoint?: Checkpoint;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Objective at the start of each iteration. */
  readonly curve: readonly number[];
}

const MEMORY = 10;
const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
const LINE_SEARCH_STEPS = 40;

export async function minimize(problem: Minimization): Promise<Minimum> {
  const size = problem.start.length;
  const history = new History(size);
  let point: Float64Array = problem.start.slice();
  let gradient: Float64Array = new Float64Array(size);
  let value = problem.evaluate(point, gradient) + absolutePart(problem.absolute, point);
  const curve = [value];
  let iterations = 0;
  let converged = false;
  for (; iterations < problem.maxIterations; iterations++) {
    const steepest = steepestDescent(problem.absolute, point, gradient);
    if (greatestMagnitude(steepest) <= problem.tolerance) {
      converged = true;
      break;
    }
    const direction = history.direction(steepest);
    if (problem.absolute) keepSigns(direction, steepest);
    const next = search(problem, { point, gradient, value, steepest, direction, first: history.empty });
    if (!next) {
      // No decrease is left in double precision along this direction; try once more without history.
      converged = history.empty;
      if (history.empty) break;
      history.clear();
      continue;
    }
    history.add(point, next.point, gradient, next.gradient);
    const decrease = value - next.value;
    point = next.point;
    gradient = next.gradient;
    value = next.value;
    curve.push(value);
    await problem.checkpoint?.(iterations + 1, { objective: value });
    if (decrease <= 1e-15 * Math.max(1, Math.abs(value))) {
      converged = true;
      iterations++;
      break;
    }
  }
  return { point, value, iterations, converged, curve };
}

interface SearchStart {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  readonly value: number;
  /** Minus the (pseudo) gradient. */
  readonly steepest: Float64Array;
  readonly direction: Float64Array;
  readonly first: boolean;
}
interface SearchEnd {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  readonly value: number;
}

function search(problem: Minimization, start: SearchStart): SearchEnd | undefined {
  const { point, value, steepest, direction } = start;
  const size = point.length;
  const slope = -dot(steepest, direction);
  if (!(slope < 0)) return undefined;
  const { absolute } = problem;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let step = start.first ? Math.min(1, 1 / Math.sqrt(dot(direction, direction))) : 1;
  let best: SearchEnd | undefined;
  for (let attempt = 0; attempt < LINE_SEARCH_STEPS; attempt++) {
    const candidate = new Float64Array(size);
    for (let i = 0; i < size; i++) candidate[i] = point[i]! + step * direction[i]!;
    if (absolute) projectOrthant(candidate, point, steepest, absolute);
    const gradient = new Float64Array(size);
    const reached = problem.evaluate(candidate, gradient) + absolutePart(absolute, candidate);
    const expected = absolute ? -gain(steepest, point, candidate) : step * slope;
    if (!(reached <= value + SUFFICIENT_DECREASE * expected)) {
      high = step;
    } else {
      best = { point: candidate, gradient, value: reached };
      if (absolute || dot(gradient, direction) >= CURVATURE * slope) return best;
      low = step;
    }
    step = Number.isFinite(high) ? (low + high) / 2 : 2 * step;
  }
  return best && best.value < value ? best : undefined;
}

/** The inner product of the steepest descent with the step really taken. */
function gain(steepest: Float64Array, from: Float64Array, to: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < from.length; i++) sum += steepest[i]! * (to[i]! - from[i]!);
  return sum;
}

/** Minus the gradient, or minus OWL-QN's pseudo-gradient where there is an L1 term. */
function steepestDescent(
  absolute: Float64Array | undefined,
  point: Float64Array,
  gradient: Float64Array,
): Float64Array {
  if (!absolute) return gradient.map((value) => -value);
  return gradient.map((value, i) => {
    const weight = absolute[i]!;
    if (point[i]! > 0) return -(value + weight);
    if (point[i]! < 0) return -(value - weight);
    if (value + weight < 0) return -(value + weight);
    if (value - weight > 0) return -(value - weight);
    return 0;
  });
}

/** OWL-QN: a component that points away from the steepest descent is dropped. */
function keepSigns(direction: Float64Array, steepest: Float64Array): void {
  for (let i = 0; i < direction.length; i++) {
    if (direction[i]! * steepest[i]! <= 0) direction[i] = 0;
  }
}

/** OWL-QN: a coordinate may not cross zero within one step. */
function projectOrthant(
  candidate: Float64Array,
  point: Float64Array,
  steepest: Float64Array,
  absolute: Float64Array,
): void {
  for (let i = 0; i < candidate.length; i++) {
    if (absolute[i] === 0) continue;
    const sign = point[i] === 0 ? Math.sign(steepest[i]!) : Math.sign(point[i]!);
    if (Math.sign(candidate[i]!) !== sign) candidate[i] = 0;
  }
}

function absolutePart(absolute: Float64Array | undefined, point: Float64Array): number {
  if (!absolute) return 0;
  let sum = 0;
  for (let i = 0; i < point.length; i++) sum += absolute[i]! * Math.abs(point[i]!);
  return sum;
}

function greatestMagnitude(values: Float64Array): number {
  let greatest = 0;
  for (let i = 0; i < values.length; i++) greatest = Math.max(greatest, Math.abs(values[i]!));
  return greatest;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The last pairs of steps and gradient differences. */
class History {
  readonly #size: number;
  #pairs: { step: Float64Array; change: Float64Array; curvature: number }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get empty(): boolean {
    return this.#pairs.length === 0;
  }

  clear(): void {
    this.#pairs = [];
  }

  add(from: Float64Array, to: Float64Array, before: Float64Array, after: Float64Array): void {
    const step = new Float64Array(this.#size);
    const change = new Float64Array(this.#size);
    for (let i = 0; i < this.#size; i++) {
      step[i] = to[i]! - from[i]!;
      change[i] = after[i]! - before[i]!;
    }
    const curvature = dot(step, change);
    // Without positive curvature the inverse Hessian would lose definiteness.
    if (!(curvature > 1e-14 * dot(change, change))) return;
    this.#pairs.push({ step, change, curvature });
    if (this.#pairs.length > MEMORY) this.#pairs.shift();
  }

  /** The two-loop recursion: inverse Hessian times `steepest`. */
  direction(steepest: Float64Array): Float64Array {
    const result = steepest.slice();
    const last = this.#pairs.at(-1);
    if (!last) return result;
    const factors: number[] = [];
    for (const { step, change, curvature } of this.#pairs.toReversed()) {
      const factor = dot(step, result) / curvature;
      factors.unshift(factor);
      for (let i = 0; i < result.length; i++) result[i]! -= factor * change[i]!;
    }
    const scale = last.curvature / dot(last.change, last.change);
    for (let i = 0; i < result.length; i++) result[i]! *= scale;
    for (const [k, { step, change, curvature }] of this.#pairs.entries()) {
      const correction = factors[k]! - dot(change, result) / curvature;
      for (let i = 0; i < result.length; i++) result[i]! += correction * step[i]!;
    }
    return result;
  }
}
