import {
  type Column,
  createFrame,
  type Frame,
  takeColumn,
  takeRows,
} from "../../../foundation/contracts/frame.js";
import { BATCH_ROWS, type PredictFrame } from "../predict-frame.js";

/** Rows as they are, but for some columns that take other values. */
export interface Replacement {
  /** Index of the row that the other columns come from, for each row to be predicted. */
  readonly from: Int32Array;
  /** Replaced columns: values and, for each row to be predicted, the index of its value. */
  readonly columns: ReadonlyMap<string, { readonly values: Column; readonly at: Int32Array }>;
}

/** Predictions of one output for replaced rows, in batches: float64 [from.length]. */
export async function predictReplaced(
  { predict, outputs }: PredictFrame,
  frame: Frame,
  { from, columns }: Replacement,
  output: number,
): Promise<Float64Array> {
  const answers = new Float64Array(from.length);
  for (let start = 0; start < from.length; start += BATCH_ROWS) {
    const end = Math.min(start + BATCH_ROWS, from.length);
    const taken = takeRows(frame, from.subarray(start, end));
    const rows = createFrame(
      [...taken.columns].map(([name, column]) => {
        const other = columns.get(name);
        return [name, other ? takeColumn(other.values, other.at.subarray(start, end)) : column] as const;
      }),
      end - start,
    );
    const values = await predict(rows);
    for (let row = start; row < end; row++) answers[row] = values[(row - start) * outputs + output]!;
  }
  return answers;
}
