import type { Expressions } from "../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Values } from "../scope.js";
import type { DetectorMaps } from "./detector-network.js";

/** Names of what a detector learns from, by step: see `TruthMaps`. */
export const TRUTH_MAPS = { heat: "truth-heat", reaches: "truth-reaches", weights: "truth-weights" } as const;

/** How much the boxes count beside the middles (Liu et al., 2020). */
const BOX_WEIGHT = 5;

/** A scalar: the loss of an object on average; pictures without objects cost what they are wrong. */
export function detectorLoss(x: Expressions, { heat, reaches }: DetectorMaps, truth: Values): GraphValue {
  const weights = truth[TRUTH_MAPS.weights]!;
  const objects = x.max(x.sum(weights), 1);
  const misplaced = x.sum(x.mul(boxDistance(x, reaches, truth[TRUTH_MAPS.reaches]!), weights));
  const surprises = x.sum(middleLoss(x, heat, truth[TRUTH_MAPS.heat]!));
  return x.div(x.add(surprises, x.mul(misplaced, BOX_WEIGHT)), objects);
}

/**
 * Focal loss around middles (Law and Deng, 2018): places near a middle are punished less for saying that they are one.
 * @param scores before the link
 */
function middleLoss(x: Expressions, scores: GraphValue, truth: GraphValue): GraphValue {
  const probability = x.apply("Sigmoid", scores);
  const other = x.sub(1, probability);
  const isMiddle = x.indicator(x.equal(truth, 1), scores);
  const found = x.mul(x.square(other), x.apply("Softplus", x.apply("Neg", scores)));
  const nearness = x.square(x.square(x.sub(1, truth)));
  const invented = x.mul(x.mul(nearness, x.square(probability)), x.apply("Softplus", scores));
  return x.add(x.mul(isMiddle, found), invented);
}

/** Keeps quotients of empty boxes finite. */
const LEAST_AREA = 1e-6;

/**
 * 1 - GIoU (Rezatofighi et al., 2019) of boxes around a place: [N, 4, rows, columns] twice to [N, 1, rows, columns], 0..2.
 */
function boxDistance(x: Expressions, reaches: GraphValue, truth: GraphValue): GraphValue {
  const said = x.split(reaches, [1, 1, 1, 1], 1);
  const wanted = x.split(truth, [1, 1, 1, 1], 1);
  const width = ([left, , right]: readonly GraphValue[]) => x.add(left!, right!);
  const height = ([, top, , bottom]: readonly GraphValue[]) => x.add(top!, bottom!);
  const least = said.map((side, k) => x.min(side, wanted[k]!));
  const most = said.map((side, k) => x.max(side, wanted[k]!));
  const shared = x.mul(x.max(width(least), 0), x.max(height(least), 0));
  const areas = x.add(x.mul(width(said), height(said)), x.mul(width(wanted), height(wanted)));
  const union = x.max(x.sub(areas, shared), LEAST_AREA);
  const hull = x.max(x.mul(width(most), height(most)), LEAST_AREA);
  const overlap = x.div(shared, union);
  return x.add(x.sub(1, overlap), x.div(x.sub(hull, union), hull));
}
