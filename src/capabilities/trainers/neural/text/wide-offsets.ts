/**
 * What the wide part of a network says of each row, as the deep part meets it while it learns: the deep part learns what the
 * wide one leaves open. Of training rows it is what a wide part says that has not seen them, as in stacking (Wolpert, 1992); what it
 * says of rows it knows would leave nothing to learn.
 */
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { answersByLength, takeTensor } from "../answers-by-length.js";
import type { NetworkTensors } from "../inference.js";
import { textName } from "./text-columns.js";
import { fitWidePart, type WideShape, wideScores } from "./wide-part.js";

const FOLDS = 4;
const ROWS_AT_ONCE = 32;

/** Scores before the link, float32 [rows, outputs], of the inputs of `text-columns`. */
export function wideOffsets(
  tensors: NetworkTensors,
  shape: WideShape,
  inputs: Readonly<Record<string, Tensor>>,
): Tensor {
  const texts = shape.inputs.texts.map((_, k) => textName(k));
  const network = answersByLength(
    (scope, values) => wideScores(scope, shape, values),
    tensors,
    texts,
    ROWS_AT_ONCE,
  );
  const data = network(inputs);
  return { type: "float32", shape: [data.length / shape.outputs, shape.outputs], data };
}

/** Of each training row by a wide part that is fitted to the others. @param learnt inputs with `truth` and `weights` */
export async function crossFittedOffsets(
  learnt: Readonly<Record<string, Tensor>>,
  shape: WideShape,
  context: TrainingContext,
): Promise<Tensor> {
  const rows = learnt.truth!.shape[0]!;
  const { outputs } = shape;
  const order = context.random.fork("wide").permutation(rows);
  const data = new Float32Array(elementCount([rows, outputs]));
  for (let fold = 0; fold < Math.min(FOLDS, rows); fold++) {
    const left = order.filter((_, place) => place % FOLDS === fold);
    const others = order.filter((_, place) => place % FOLDS !== fold);
    const part = (taken: Int32Array) =>
      Object.fromEntries(Object.entries(learnt).map(([name, tensor]) => [name, takeTensor(tensor, taken)]));
    const tensors = await fitWidePart({ tensors: part(others), shape }, context);
    const { truth: _, weights: __, ...inputs } = part(left);
    const made = wideOffsets(tensors, shape, inputs).data as Float32Array;
    for (const [at, row] of left.entries())
      data.set(made.subarray(at * outputs, (at + 1) * outputs), row * outputs);
  }
  return { type: "float32", shape: [rows, outputs], data };
}
