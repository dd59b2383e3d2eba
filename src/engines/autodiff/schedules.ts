/** Learning rates over a training: factors of the highest rate. */

/** `step` counts from 0 to `steps - 1`. */
export type Schedule = (step: number, steps: number) => number;

const share = (step: number, steps: number): number => (steps <= 1 ? 0 : step / steps);

export const constant: Schedule = () => 1;

/** Times `factor` after every `every` steps, as StepLR of PyTorch. */
export function stepDecay(every: number, factor: number): Schedule {
  return (step) => factor ** Math.floor(step / every);
}

/** Times `factor` at each step, as ExponentialLR of PyTorch. */
export function exponential(factor: number): Schedule {
  return (step) => factor ** step;
}

/** Evenly from 1 to `end`, which would be reached after the last step, as LinearLR of PyTorch. */
export function linear(end = 0): Schedule {
  return (step, steps) => 1 + (end - 1) * share(step, steps);
}

/** Half a cosine from 1 to 0 (Loshchilov and Hutter, 2017, without restarts). */
export const cosine: Schedule = (step, steps) => (1 + Math.cos(Math.PI * share(step, steps))) / 2;

/** Four waves, each twice as long as the one before (Holzmueller et al., 2024: RealMLP). */
export const coslog4: Schedule = (step, steps) =>
  (1 - Math.cos(2 * Math.PI * Math.log2(1 + 15 * share(step + 0.5, steps)))) / 2;

export interface OneCycleOptions {
  /** Share of the steps that go up; default 0.3. */
  readonly rise?: number;
  /** First factor is 1 / this; default 25. */
  readonly startDivisor?: number;
  /** Last factor is the first / this; default 1e4. */
  readonly endDivisor?: number;
}

/** Up and down along half cosines (Smith and Topin, 2018), as OneCycleLR of PyTorch. */
export function oneCycle({
  rise = 0.3,
  startDivisor = 25,
  endDivisor = 1e4,
}: OneCycleOptions = {}): Schedule {
  const between = (from: number, to: number, at: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * at));
  return (step, steps) => {
    const first = 1 / startDivisor;
    const peak = rise * steps - 1;
    if (step <= peak) return between(first, 1, peak <= 0 ? 1 : step / peak);
    return between(1, first / endDivisor, (step - peak) / Math.max(1, steps - 1 - peak));
  };
}

/** Linear from 0 over the first steps, then the other schedule over the rest. */
export function warmUp(first: number, then: Schedule): Schedule {
  return (step, steps) =>
    step < first ? (step + 1) / (first + 1) : then(step - first, Math.max(1, steps - first));
}

/** Share of the steps over which `risingCosine` rises. */
const RISE = 0.1;

/** Up over the first tenth of the steps, then down along a cosine: what networks with attention begin with. */
export const risingCosine: Schedule = (step, steps) => warmUp(Math.ceil(RISE * steps), cosine)(step, steps);

export interface PlateauOptions {
  /** The rate is multiplied by this; default 0.1. */
  readonly factor?: number;
  /** Judgements without progress that are waited out; default 10. */
  readonly patience?: number;
  /** Progress is a value below the best times 1 - this; default 1e-4. */
  readonly threshold?: number;
  /** Judgements after a reduction that are not counted; default 0. */
  readonly cooldown?: number;
  /** Smallest factor of the highest rate; default 0. */
  readonly floor?: number;
}

/** A plain value, kept with the training. */
export interface PlateauState {
  /** Factor of the highest rate until the next judgement. */
  readonly factor: number;
  readonly best: number;
  readonly waited: number;
  readonly cooling: number;
}

export const PLATEAU_START: PlateauState = {
  factor: 1,
  best: Number.POSITIVE_INFINITY,
  waited: 0,
  cooling: 0,
};

/**
 * Lowers the rate when a value that should fall has stopped to, as ReduceLROnPlateau of PyTorch.
 * @param value the judgement, such as the loss on validation rows; smaller is better, positive
 */
export function plateau(state: PlateauState, value: number, options: PlateauOptions = {}): PlateauState {
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, floor = 0 } = options;
  const improved = value < state.best * (1 - threshold);
  const cooling = Math.max(0, state.cooling - 1);
  const waited = improved || state.cooling > 0 ? 0 : state.waited + 1;
  const best = improved ? value : state.best;
  if (waited <= patience) return { ...state, best, waited, cooling };
  return { factor: Math.max(floor, state.factor * factor), best, waited: 0, cooling: cooldown };
}
