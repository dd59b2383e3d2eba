import type { Column, Frame } from "../../../foundation/contracts/frame.js";
import { createFrame, takeColumn } from "../../../foundation/contracts/frame.js";
import type { ScoreSpace } from "../../../foundation/contracts/model-anatomy.js";
import { joinColumns } from "../join-columns.js";
import { BATCH_ROWS, type PredictFrame } from "../predict-frame.js";
import type { RowExplainer } from "./contributions.js";
import { type CoalitionGame, estimateShapley, isExact, type ShapleyBudget } from "./estimate.js";

export interface ModelExplainerOptions {
  readonly model: PredictFrame;
  readonly space: ScoreSpace;
  readonly background: Frame;
  /** Each row's random numbers are forked by its position. */
  readonly budget: ShapleyBudget;
}

/**
 * Shapley values of any model over raw columns: columns outside a coalition take the values of each background row in
 * turn (the marginal or interventional game). All masked rows of a walk go to the model in one call.
 */
export function createModelExplainer({
  model,
  space,
  background,
  budget,
}: ModelExplainerOptions): RowExplainer {
  const columns = [...background.columns.keys()];
  const { outputs } = model;
  return {
    outputs,
    basis: {
      method: budget.method,
      exact: isExact(columns.length, budget),
      space,
      backgroundRows: background.rows,
      columns,
    },
    async explain(rows) {
      const values = new Float64Array(rows.rows * outputs * columns.length);
      let base = new Float64Array(outputs);
      for (let row = 0; row < rows.rows; row++) {
        const estimate = await estimateShapley(maskedGame(model, background, rows, row), {
          ...budget,
          random: budget.random.fork(row),
          players: columns.length,
          outputs,
        });
        values.set(estimate.values, row * outputs * columns.length);
        base = Float64Array.from(estimate.base);
      }
      return { rows: rows.rows, outputs, base, values, scores: await model.predict(rows) };
    },
  };
}

/** The mean prediction over the background when the columns of a coalition are those of one row. */
function maskedGame(model: PredictFrame, background: Frame, rows: Frame, row: number): CoalitionGame {
  const { outputs } = model;
  const pools = [...background.columns].map(
    ([name, column]) =>
      [name, joinColumns(column, takeColumn(rows.columns.get(name)!, [row]))] as const satisfies readonly [
        string,
        Column,
      ],
  );
  const size = background.rows;
  return async (coalitions) => {
    const worths = new Float64Array(coalitions.length * outputs);
    const atOnce = Math.max(1, Math.floor(BATCH_ROWS / size));
    for (let start = 0; start < coalitions.length; start += atOnce) {
      const part = coalitions.slice(start, start + atOnce);
      const masked = createFrame(
        pools.map(([name, pool], player) => {
          const from = new Int32Array(part.length * size);
          for (const [at, coalition] of part.entries()) {
            for (let k = 0; k < size; k++) from[at * size + k] = coalition[player] === 1 ? size : k;
          }
          return [name, takeColumn(pool, from)] as const;
        }),
        part.length * size,
      );
      const predictions = await model.predict(masked);
      for (let at = 0; at < part.length; at++) {
        for (let k = 0; k < outputs; k++) {
          let sum = 0;
          for (let other = 0; other < size; other++) sum += predictions[(at * size + other) * outputs + k]!;
          worths[(start + at) * outputs + k] = sum / size;
        }
      }
    }
    return worths;
  };
}
