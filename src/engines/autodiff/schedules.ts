/** Learning rates over a training: factors of the highest rate. */

/** `step` counts from 0 to `steps - 1`. */
export type Schedule = (step: number, steps: number) => number;

const share = (step: number, steps: number): number => (steps <= 1 ? 0 : step / steps);

export const constant: Schedule = () => 1;

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
