import { meanCrossEntropy, mixed } from "../../../../engines/autodiff/index.js";
import type { Expressions } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";

/** Pixels of this class count nowhere. */
export const IGNORED = 255;

/**
 * Mean cross-entropy of the pixels that count, and the Dice loss: a scalar.
 * @param scores before the link: [N, classes, H, W]
 * @param truth uint8 [N, H, W]
 */
export function segmentationLoss(
  x: Expressions,
  scores: GraphValue,
  truth: GraphValue,
  diceWeight: number,
): GraphValue {
  const logits = x.transpose(scores, [0, 2, 3, 1]);
  const classes = cast(x.graph, truth, "int64");
  const surprise = meanCrossEntropy(x, logits, classes, { ignored: IGNORED });
  if (diceWeight === 0) return surprise;
  return mixed(x, [
    { loss: surprise, weight: 1 },
    { loss: diceLoss(x, logits, classes), weight: diceWeight },
  ]);
}

/** Keeps the quotient of a class that nobody names finite. */
const LEAST_PIXELS = 1e-6;

/**
 * 1 - the mean over the classes of the batch of twice what truth and prediction share, by what they are together
 * (Milletari et al., 2016).
 */
function diceLoss(x: Expressions, logits: GraphValue, classes: GraphValue): GraphValue {
  const { graph } = x;
  const axis = { attributes: { axis: { int: -1 } } };
  const count = Number(logits.shape.at(-1));
  const counts = x.indicator(x.graph.op("Not", [x.equal(classes, IGNORED)]), logits);
  const known = x.where(x.equal(classes, IGNORED), 0, classes);
  const values = graph.constant(logits.type, [2], [0, 1]);
  const all = graph.op("OneHot", [known, graph.scalar(count, "int64"), values], axis);
  const wanted = x.mul(all, x.unsqueeze(counts, [-1]));
  const said = x.mul(graph.op("Softmax", [logits], axis), x.unsqueeze(counts, [-1]));
  const pixels = (value: GraphValue) => x.sum(value, [0, 1, 2]);
  const [inTruth, both] = [pixels(wanted), pixels(x.mul(said, wanted))];
  const together = x.max(x.add(pixels(said), inTruth), LEAST_PIXELS);
  const occurs = x.indicator(x.greater(inTruth, 0), logits);
  const shares = x.mul(x.mul(x.div(both, together), 2), occurs);
  return x.sub(1, x.div(x.sum(shares), x.max(x.sum(occurs), 1)));
}
