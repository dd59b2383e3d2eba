// The objective's own loss on the validation rows, for early stopping.

import { ABSOLUTE, BINARY, HUBER, MULTICLASS, POISSON, SQUARED, TWEEDIE } from "./gradients";
import {
  blockSums,
  objective,
  objectiveParameter,
  outputs,
  validationLabels,
  validationRows,
  validationScores,
  validationWeights,
  workers,
} from "./settings";
import { BLOCK, blocksOf, worker } from "./team";

/** Sums of weighted loss and of weight for this worker's blocks. */
export function validationLossOfBlocks(): void {
  for (let block = worker, n = blocksOf(validationRows); block < n; block += workers) {
    let loss: f64 = 0;
    let weight: f64 = 0;
    for (let row = block * BLOCK, end = min(validationRows, row + BLOCK); row < end; row++) {
      const at = (<usize>row) << 2;
      const w = validationWeights ? <f64>load<f32>(validationWeights + at) : 1;
      loss += w * (objective == MULTICLASS ? softmaxLoss(row) : rowLoss(at));
      weight += w;
    }
    store<f64>(blockSums + ((<usize>block) << 4), loss);
    store<f64>(blockSums + ((<usize>block) << 4), weight, 8);
  }
}

/** The mean over all blocks. */
export function meanLoss(): f64 {
  let loss: f64 = 0;
  let weight: f64 = 0;
  for (let block = 0, n = blocksOf(validationRows); block < n; block++) {
    loss += load<f64>(blockSums + ((<usize>block) << 4));
    weight += load<f64>(blockSums + ((<usize>block) << 4), 8);
  }
  return loss / weight;
}

function rowLoss(at: usize): f64 {
  const score = load<f32>(validationScores + at);
  const label = load<f32>(validationLabels + at);
  if (objective == BINARY)
    return <f64>(max<f32>(score, 0) - score * label + Mathf.log(1 + Mathf.exp(-abs(score))));
  if (objective == POISSON) return <f64>(Mathf.exp(score) - label * score);
  if (objective == TWEEDIE) {
    const low = <f32>(1 - objectiveParameter);
    const high = <f32>(2 - objectiveParameter);
    return <f64>(Mathf.exp(high * score) / high - (label * Mathf.exp(low * score)) / low);
  }
  const difference = <f64>score - <f64>label;
  if (objective == SQUARED) return difference * difference;
  const size = abs(difference);
  if (objective == ABSOLUTE) return size;
  if (objective == HUBER) {
    const delta = objectiveParameter;
    return size <= delta ? 0.5 * difference * difference : delta * (size - 0.5 * delta);
  }
  return difference > 0 ? (1 - objectiveParameter) * difference : -objectiveParameter * difference;
}

function softmaxLoss(row: i32): f64 {
  const at = (<usize>row) << 2;
  const stride = (<usize>validationRows) << 2;
  let top = load<f32>(validationScores + at);
  for (let k = 1; k < outputs; k++) top = max(top, load<f32>(validationScores + at + <usize>k * stride));
  let sum: f32 = 0;
  for (let k = 0; k < outputs; k++)
    sum += Mathf.exp(load<f32>(validationScores + at + <usize>k * stride) - top);
  const label = <usize>load<f32>(validationLabels + at);
  return <f64>(top + Mathf.log(sum) - load<f32>(validationScores + at + label * stride));
}
