// The boosting loop. Every worker runs it in step with the others.

import { boundedValue, scaleLimits, smoothed } from "./gain";
import { gradients, MULTICLASS, normalize } from "./gradients";
import { forgetStop, growTree, stopSeen } from "./grow";
import { report } from "./host";
import { addLinear, fitLinearLeaves, linearPart } from "./linear-leaves";
import { meanLoss, validationLossOfBlocks } from "./loss";
import { chooseScales, gradientScale, hessianScale, isSampled, quantize } from "./quantize";
import { hash } from "./random";
import { renewLeafValues } from "./renewal";
import {
  binsByRow, features, iterations, learningRate, linearLeaves, linearValidation, linearValues, minImprovement,
  objective, outcome, outputs, patience, renewLeaves, reportEvery, rowIndex, rowShare, rows, scores, seed, treeLeaves,
  validationBins, validationLoss, validationRows, validationScores, workers,
} from "./settings";
import { BLOCK, barrier, blocksOf, joinTeam, shardStart, worker } from "./team";
import { clearTree, findLeaf, valueAddress, writeLeafRows } from "./tree";
import { leafAt } from "./workspace";

/** Runs a whole job as worker `number`. The result is in the tree arrays and in `outcome`. */
export function boost(number: i32): void {
  joinTeam(number);
  forgetStop();
  const start = shardStart();
  let best: f64 = Infinity;
  let bestIteration = 0;
  let iteration = 0;
  while (iteration < iterations) {
    if (objective == MULTICLASS) normalize();
    const leaves = boostIteration(iteration, start);
    // What the stop cut off does not count: the trees before it are a model.
    if (stopSeen) break;
    iteration++;
    const loss = validationRows > 0 ? validate(iteration) : NaN;
    if (worker == 0 && (iteration % reportEvery == 0 || iteration == iterations)) report(iteration, loss);
    if (!(loss >= best - minImprovement)) {
      best = loss;
      bestIteration = iteration;
    }
    if (validationRows > 0 && patience > 0 && iteration - bestIteration >= patience) break;
    if (leaves == outputs && rowShare == 1) break;
  }
  if (worker != 0) return;
  store<i32>(outcome, iteration);
  store<i32>(outcome, bestIteration, 4);
}

/** One tree for each output. Returns their leaves. */
function boostIteration(iteration: i32, start: i32): i32 {
  let leaves = 0;
  for (let output = 0; output < outputs && !stopSeen; output++) {
    leaves += boostTree(iteration * outputs + output, output, start);
  }
  return leaves;
}

/** Fits one tree to the gradients of one output and adds it to the scores. Returns its leaves. */
function boostTree(tree: i32, output: i32, start: i32): i32 {
  const stream = hash(<u32>seed, tree);
  if (worker == 0) clearTree(tree);
  gradients(output);
  barrier();
  const learns = chooseScales();
  let leaves = 1;
  if (learns) {
    scaleLimits();
    quantize(start, stream);
    leaves = growTree(tree, start, stream);
    if (stopSeen) return leaves;
  }
  if (linearLeaves && leaves > 1) {
    barrier();
    fitLinearLeaves(tree, leaves);
  }
  if (renewLeaves && leaves > 1) {
    barrier();
    renewLeafValues(tree, leaves);
    if (worker == 0) finishTree(tree, leaves, false);
  } else if (worker == 0) finishTree(tree, leaves, linearLeaves == 0);
  barrier();
  if (leaves == 1) return leaves;
  updateScores(tree, output, leaves);
  if (rowShare < 1) updateUnsampled(tree, output, stream);
  if (validationRows > 0) updateValidation(tree, output);
  return leaves;
}

/** Values and counts of the leaves. A tree without a split adds nothing. */
function finishTree(tree: i32, leaves: i32, values: bool): void {
  store<i32>(treeLeaves + (<usize>tree << 2), leaves);
  if (leaves == 1) {
    store<f64>(valueAddress(tree, 0), 0);
    writeLeafRows(tree, 0, rows);
    return;
  }
  for (let number = 0; number < leaves; number++) {
    const leaf = leafAt(number);
    writeLeafRows(tree, number, leaf.rows);
    if (!values) continue;
    const own = boundedValue(<f64>leaf.gradient, <f64>leaf.hessian, leaf.l2, leaf.lower, leaf.upper);
    const bounded = min(max(smoothed(own, leaf.rows, leaf.anchor), leaf.lower), leaf.upper);
    store<f64>(valueAddress(tree, number), (learningRate * bounded * hessianScale) / gradientScale);
  }
}

/** Rows of the tree are at hand, grouped by leaf. */
function updateScores(tree: i32, output: i32, leaves: i32): void {
  const base = scores + ((<usize>output * <usize>rows) << 2);
  for (let number = 0; number < leaves; number++) {
    const leaf = leafAt(number);
    const value = <f32>load<f64>(valueAddress(tree, number));
    const end = rowIndex + (<usize>leaf.end << 2);
    for (let at = rowIndex + (<usize>leaf.start << 2); at < end; at += 4) {
      const score = base + (<usize>load<u32>(at) << 2);
      store<f32>(score, load<f32>(score) + value);
    }
    if (linearLeaves) addLinear(tree, number, base, leaf.start, leaf.end);
  }
}

/** Rows that the sample left out find their leaf through the tree. */
function updateUnsampled(tree: i32, output: i32, stream: u32): void {
  const limit = <u64>(rowShare * 4294967296.0);
  const base = scores + ((<usize>output * <usize>rows) << 2);
  for (let block = worker, n = blocksOf(rows); block < n; block += workers) {
    for (let row = block * BLOCK, end = min(rows, row + BLOCK); row < end; row++) {
      if (!isSampled(row, stream, limit)) descend(tree, binsByRow, row, base, linearValues, rows);
    }
  }
}

function updateValidation(tree: i32, output: i32): void {
  const base = validationScores + ((<usize>output * <usize>validationRows) << 2);
  for (let block = worker, n = blocksOf(validationRows); block < n; block += workers) {
    for (let row = block * BLOCK, end = min(validationRows, row + BLOCK); row < end; row++) {
      descend(tree, validationBins, row, base, linearValidation, validationRows);
    }
  }
}

@inline
function descend(tree: i32, bins: usize, row: i32, base: usize, values: usize, count: i32): void {
  const leaf = findLeaf(tree, bins + <usize>row * <usize>features);
  const score = base + (<usize>row << 2);
  let value = <f32>load<f64>(valueAddress(tree, leaf));
  if (linearLeaves) value += linearPart(tree, leaf, values, count, row);
  store<f32>(score, load<f32>(score) + value);
}

/** The validation loss after `iteration` iterations; all workers get the same number. */
function validate(iteration: i32): f64 {
  validationLossOfBlocks();
  barrier();
  const loss = meanLoss();
  if (worker == 0) store<f64>(validationLoss + (<usize>(iteration - 1) << 3), loss);
  barrier();
  return loss;
}
