import type { Interaction } from "../../../foundation/contracts/explanation.js";
import { columnOf, type Frame } from "../../../foundation/contracts/frame.js";
import type { PredictFrame } from "../predict-frame.js";
import { predictReplaced } from "./replace.js";

export interface InteractionOptions {
  readonly output: number;
  /** Pairs to look at. */
  readonly pairs: readonly (readonly [string, string])[];
}

/**
 * Friedman and Popescu's (2008) H squared of pairs of columns: the share of the variance of their joint partial
 * dependence, over the given rows, that the two single ones do not explain. Strongest first; null where the joint effect
 * is nothing. Costs rows squared predictions for each column and each pair: give a sample of some dozens of rows.
 * @throws QuernError DATA_COLUMN_UNKNOWN
 */
export async function interactionStrengths(
  model: PredictFrame,
  frame: Frame,
  { output, pairs }: InteractionOptions,
): Promise<Interaction[]> {
  const known = new Map<string, Float64Array>();
  const effectOf = async (names: readonly string[]): Promise<Float64Array> => {
    const key = JSON.stringify(names);
    const effect = known.get(key) ?? (await centredDependence(model, frame, names, output));
    known.set(key, effect);
    return effect;
  };
  const strengths: Interaction[] = [];
  for (const [one, other] of pairs) {
    const joint = await effectOf([one, other]);
    const [first, second] = [await effectOf([one]), await effectOf([other])];
    let [rest, all] = [0, 0];
    for (const [row, value] of joint.entries()) {
      rest += (value - first[row]! - second[row]!) ** 2;
      all += value ** 2;
    }
    const strength = all > 1e-20 ? rest / all : null;
    strengths.push({ columns: [one, other], strength, rows: frame.rows });
  }
  return strengths.sort((a, b) => (b.strength ?? -1) - (a.strength ?? -1));
}

/** Partial dependence on some columns at the values of every row, its mean taken off. */
async function centredDependence(
  model: PredictFrame,
  frame: Frame,
  names: readonly string[],
  output: number,
): Promise<Float64Array> {
  const { rows } = frame;
  const length = rows * rows;
  const at = Int32Array.from({ length }, (_, k) => Math.floor(k / rows));
  const from = Int32Array.from({ length }, (_, k) => k % rows);
  const columns = new Map(names.map((name) => [name, { values: columnOf(frame, name), at }] as const));
  const answers = await predictReplaced(model, frame, { from, columns }, output);
  const effect = Float64Array.from({ length: rows }, (_, point) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += answers[point * rows + row]!;
    return sum / rows;
  });
  const centre = effect.reduce((sum, value) => sum + value, 0) / rows;
  return effect.map((value) => value - centre);
}
