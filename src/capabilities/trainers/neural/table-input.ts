/** The feature matrix as an input of a network. */
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { type Design, predictionDesign } from "../numeric/design.js";

/** Float32 [N, D], by this name. */
export const TABLE = "table";

export function tableTensor({ rows, width, values }: Design): Tensor {
  return { type: "float32", shape: [rows, width], data: values };
}

/** Of rows to predict; features that are not finite count as 0. */
export function predictedTable(
  frame: Frame,
  { features }: { readonly features: number },
): Record<string, Tensor> {
  return { [TABLE]: tableTensor(predictionDesign(frame, features)) };
}
