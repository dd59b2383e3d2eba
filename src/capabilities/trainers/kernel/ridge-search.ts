/** Width of the kernel and noise, chosen by the exact leave-one-out loss of the training rows. */
import type { DenseAlgebra, DenseMatrix, RadialKernel } from "../../../engines/kernels/dense-algebra.js";
import type { Checkpoint } from "../numeric/pace.js";
import { heldOutLoss, NOISE_STEP, type RidgeProblem, walkNoise } from "../numeric/ridge-problem.js";
import { exactSystem, landmarkSystem, type RidgeSolution } from "../numeric/ridge-system.js";

export interface PointProblem extends RidgeProblem {
  readonly width: number;
  /** Centred, row-major `rows * width`. */
  readonly points: Float64Array;
}

/** Where a fit stands in the search. */
export interface RidgeSetting {
  /** Gamma times the typical squared distance. */
  readonly gammaFactor: number;
  readonly noise: number;
}

export interface RidgeFit {
  readonly setting: RidgeSetting;
  readonly solution: RidgeSolution;
  /** Mean held-out loss: squares, or log loss after one slope. */
  readonly loss: number;
}

const GAMMA_FACTORS = [0.15, 0.5, 1.5, 5];
const FIRST_NOISE = 0.1;
/** Refinement moves by half a step of the grid. */
const HALF_GAMMA = Math.sqrt(10 / 3);
const HALF_NOISE = Math.sqrt(NOISE_STEP);

/** One training matrix under all settings: distances are computed once. */
export class RidgeBench {
  readonly problem: PointProblem;
  readonly #algebra: DenseAlgebra;
  readonly #kernel: RadialKernel;
  readonly #typical: number;
  /** Rows that carry the expansion; absent: all. */
  readonly #landmarks: Int32Array | undefined;
  readonly #points: DenseMatrix;
  readonly #squared: DenseMatrix;

  constructor(
    algebra: DenseAlgebra,
    problem: PointProblem,
    kernel: RadialKernel,
    landmarks: Int32Array | undefined,
    typical?: number,
  ) {
    this.problem = problem;
    this.#algebra = algebra;
    this.#kernel = kernel;
    this.#landmarks = landmarks;
    const { rows, width } = problem;
    const all = algebra.copy(problem.points, rows, width);
    this.#points = landmarks ? algebra.copy(takePoints(problem, landmarks), landmarks.length, width) : all;
    this.#squared = algebra.matrix(rows, this.#points.rows);
    algebra.squaredDistances(this.#squared, all, this.#points);
    this.#typical = typical ?? typicalSquaredDistance(this.#squared);
  }

  /** What gamma factors are relative to: the median squared distance between different points. */
  get typical(): number {
    return this.#typical;
  }

  /** Calls `work` with the fits by noise at one gamma factor: kernel values are computed once for all noises. */
  at<Result>(gammaFactor: number, work: (solve: (noise: number) => RidgeFit) => Result): Result {
    const algebra = this.#algebra;
    const mark = algebra.mark();
    const gamma = gammaFactor / this.#typical;
    const values = algebra.matrix(this.#squared.rows, this.#squared.columns);
    algebra.kernelValues(this.#squared, values, this.#kernel, gamma);
    const system = this.#landmarks
      ? landmarkSystem(algebra, values, this.#among(gamma), this.problem)
      : exactSystem(algebra, values, this.problem);
    const result = work((wanted) => {
      const solution = system.solve(wanted);
      const setting = { gammaFactor, noise: solution.noise };
      return { setting, solution, loss: heldOutLoss(this.problem, solution.heldOut) };
    });
    algebra.freeTo(mark);
    return result;
  }

  #among(gamma: number): DenseMatrix {
    const count = this.#points.rows;
    const among = this.#algebra.matrix(count, count);
    this.#algebra.squaredDistances(among, this.#points, this.#points);
    this.#algebra.kernelValues(among, among, this.#kernel, gamma);
    return among;
  }
}

/** The best gamma factor of the list, each with its noise. */
export async function searchGrid(bench: RidgeBench, checkpoint: Checkpoint): Promise<RidgeFit> {
  let best: RidgeFit | undefined;
  for (const [step, gammaFactor] of GAMMA_FACTORS.entries()) {
    const start = best?.setting.noise ?? FIRST_NOISE;
    best = better(
      best,
      bench.at(gammaFactor, (solve) => walkNoise(solve, start)),
    );
    await checkpoint(step + 1, { heldOutLoss: best.loss });
  }
  return best!;
}

/**
 * The best near a setting: half a step up and down in the noise, then, with exact fits, in gamma; another gamma for
 * landmarks would cost as much again as everything before.
 */
export async function refine(
  bench: RidgeBench,
  { gammaFactor, noise }: RidgeSetting,
  movesGamma: boolean,
  checkpoint: Checkpoint,
): Promise<RidgeFit> {
  let best = bench.at(gammaFactor, (solve) =>
    [noise / HALF_NOISE, noise * HALF_NOISE].map(solve).reduce(better, solve(noise)),
  );
  if (!movesGamma) return best;
  const middle = best.setting.noise;
  for (const factor of [1 / HALF_GAMMA, HALF_GAMMA]) {
    await checkpoint(GAMMA_FACTORS.length, { heldOutLoss: best.loss });
    best = better(
      best,
      bench.at(gammaFactor * factor, (solve) => solve(middle)),
    );
  }
  return best;
}

function better(best: RidgeFit | undefined, next: RidgeFit): RidgeFit {
  return best && !(next.loss < best.loss) ? best : next;
}

export function takePoints({ points, width }: PointProblem, rows: Int32Array): Float64Array {
  const taken = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    taken.set(points.subarray(row * width, (row + 1) * width), i * width);
  }
  return taken;
}

/** Median of the squared distances between different points; 1 where there are none. */
function typicalSquaredDistance({ values }: DenseMatrix): number {
  const positive = values.filter((value) => value > 1e-9).sort();
  return positive[positive.length >> 1] ?? 1;
}
