import { QuernError } from "../../foundation/base/errors.js";
import type { MetricInput } from "../../foundation/contracts/metric.js";
import { type ChosenThreshold, chooseThreshold, type GainTable, gainOf } from "./curves/thresholds.js";

/** As the project file has it: `{ yes: { yes: 100, no: -20 } }`, truth first, then decision; what is absent is 0. */
export type GainByName = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** @throws QuernError CONFIG_INVALID when it names a class that the target does not have. */
export function gainTable(byName: GainByName, classes: readonly string[]): number[][] {
  const table = classes.map(() => classes.map(() => 0));
  const position = (name: string) => {
    const index = classes.indexOf(name);
    if (index >= 0) return index;
    throw new QuernError(
      "CONFIG_INVALID",
      `evaluation.gain names the class ${JSON.stringify(name)}; classes are ${classes.slice(0, 20).join(", ")}.`,
      { details: { key: `evaluation.gain.${name}` } },
    );
  };
  for (const [actual, decisions] of Object.entries(byName)) {
    for (const [decided, gain] of Object.entries(decisions))
      table[position(actual)]![position(decided)] = gain;
  }
  return table;
}

/** The threshold that gains most on these rows: give validation rows, and report on test rows. */
export function gainThreshold(validation: MetricInput, table: GainTable): ChosenThreshold {
  return chooseThreshold(validation, (outcomes) => gainOf(outcomes, table));
}
