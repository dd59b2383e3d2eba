// Leaves that hold linear models of the numeric features on their path (Shi et al. 2019, "Gradient boosting with
// piece-wise linear regression trees"; LightGBM's linear_tree): a Newton step with a ridge penalty. Values are
// standardized and limited to the training range by the host, 0 where missing.

import { featureAt } from "./histogram";
import { gradientScale, hessianScale } from "./quantize";
import {
  gradientPairs, leafCoefficients, leafTerms, learningRate, linearL2, linearValues, maxLeaves, rowIndex, rows, workers,
} from "./settings";
import { BLOCK, blocksOf, worker } from "./team";
import { valueAddress } from "./tree";
import { leafAt, leafOf, linearScratch } from "./workspace";

/** Most features of a leaf's model: those of the splits nearest to it. */
const MOST_TERMS: i32 = 8;
/** Unknowns: an intercept and the coefficients. */
const ORDER: i32 = MOST_TERMS + 1;
/** A pivot below this share of its diagonal means a column that others explain; its coefficient is 0. */
const LEAST_PIVOT: f64 = 1e-9;

// A worker's scratch: float64 [ORDER][ORDER] and [ORDER][2], int32 [maxLeaves][MOST_TERMS], int32 [workers].
const MATRIX_BYTES: usize = <usize>(ORDER * ORDER + 2 * ORDER) << 3;

@inline
function cell(row: i32, column: i32): usize {
  return linearScratch() + (<usize>(row * ORDER + column) << 3);
}
@inline
function rightSide(k: i32): usize {
  return linearScratch() + (<usize>(ORDER * ORDER + k) << 3);
}
@inline
function basis(k: i32): usize {
  return rightSide(ORDER + k);
}
/** The features of a leaf that is being grown; -1 beyond the last. */
@inline
function termOf(leaf: i32, k: i32): usize {
  return linearScratch() + MATRIX_BYTES + (<usize>(leaf * MOST_TERMS + k) << 2);
}
/** How far the rows of a worker have been read. */
@inline
function headOf(owner: i32): usize {
  return termOf(maxLeaves, owner);
}
@inline
function storedTerm(tree: i32, leaf: i32, k: i32): usize {
  return leafTerms + (<usize>((tree * maxLeaves + leaf) * MOST_TERMS + k) << 2);
}
@inline
function storedCoefficient(tree: i32, leaf: i32, k: i32): usize {
  return leafCoefficients + (<usize>((tree * maxLeaves + leaf) * MOST_TERMS + k) << 3);
}

export function clearTerms(leaf: i32): void {
  memory.fill(termOf(leaf, 0), 0xff, MOST_TERMS << 2);
}

/** The split's feature joins those of both children; the first one leaves a full list. */
export function extendTerms(from: i32, to: i32, feature: i32): void {
  if (featureAt(feature).linear) {
    let count = 0;
    while (count < MOST_TERMS && load<i32>(termOf(from, count)) >= 0) {
      if (load<i32>(termOf(from, count)) == feature) break;
      count++;
    }
    if (count == MOST_TERMS) memory.copy(termOf(from, 0), termOf(from, 1), (--count) << 2);
    store<i32>(termOf(from, count), feature);
  }
  memory.copy(termOf(to, 0), termOf(from, 0), MOST_TERMS << 2);
}

/** Fits and writes the models of the leaves dealt to this worker. */
export function fitLinearLeaves(tree: i32, leaves: i32): void {
  for (let number = worker; number < leaves; number += workers) {
    let terms = 0;
    while (terms < MOST_TERMS && load<i32>(termOf(number, terms)) >= 0) terms++;
    sumLeaf(number, terms);
    store<f64>(cell(0, 0), load<f64>(cell(0, 0)) + leafAt(number).l2);
    for (let k = 1; k <= terms; k++) store<f64>(cell(k, k), load<f64>(cell(k, k)) + linearL2 * hessianScale);
    solve(terms + 1);
    const step = (-learningRate * hessianScale) / gradientScale;
    store<f64>(valueAddress(tree, number), step * load<f64>(rightSide(0)));
    memory.copy(storedTerm(tree, number, 0), termOf(number, 0), MOST_TERMS << 2);
    for (let k = 0; k < terms; k++) {
      store<f64>(storedCoefficient(tree, number, k), step * load<f64>(rightSide(k + 1)));
    }
  }
}

/** Sums the normal equations of a leaf over its rows, ascending, whichever worker holds them. */
function sumLeaf(number: i32, terms: i32): void {
  memory.fill(linearScratch(), 0, MATRIX_BYTES);
  store<f64>(basis(0), 1);
  for (let owner = 0; owner < workers; owner++) store<i32>(headOf(owner), leafOf(owner, number).start);
  for (let block = 0, n = blocksOf(rows); block < n; block++) {
    const owner = block % workers;
    const end = leafOf(owner, number).end;
    const limit = <u32>(block + 1) * BLOCK;
    let head = load<i32>(headOf(owner));
    for (; head < end; head++) {
      const row = load<u32>(rowIndex + (<usize>head << 2));
      if (row >= limit) break;
      addRow(number, row, terms);
    }
    store<i32>(headOf(owner), head);
  }
}

function addRow(number: i32, row: u32, terms: i32): void {
  const pair = gradientPairs + (<usize>row << 3);
  const hessian = <f64>load<i32>(pair);
  const gradient = <f64>load<i32>(pair, 4);
  for (let k = 0; k < terms; k++) {
    const column = linearValues + ((<usize>load<i32>(termOf(number, k)) * <usize>rows) << 2);
    store<f64>(basis(k + 1), <f64>load<f32>(column + (<usize>row << 2)));
  }
  for (let i = 0; i <= terms; i++) {
    const value = load<f64>(basis(i));
    const weighted = hessian * value;
    store<f64>(rightSide(i), load<f64>(rightSide(i)) + gradient * value);
    for (let j = 0; j <= i; j++) {
      store<f64>(cell(i, j), load<f64>(cell(i, j)) + weighted * load<f64>(basis(j)));
    }
  }
}

/** Solves the symmetric system in place by Cholesky's L D L^T; the solution replaces the right side. */
function solve(order: i32): void {
  for (let i = 0; i < order; i++) {
    const diagonal = load<f64>(cell(i, i));
    for (let j = 0; j < i; j++) {
      let sum = load<f64>(cell(i, j));
      for (let k = 0; k < j; k++) sum -= load<f64>(cell(i, k)) * load<f64>(cell(j, k)) * load<f64>(cell(k, k));
      store<f64>(cell(i, j), load<f64>(cell(j, j)) > 0 ? sum / load<f64>(cell(j, j)) : 0);
    }
    let pivot = diagonal;
    for (let k = 0; k < i; k++) pivot -= load<f64>(cell(i, k)) * load<f64>(cell(i, k)) * load<f64>(cell(k, k));
    store<f64>(cell(i, i), pivot > diagonal * LEAST_PIVOT ? pivot : 0);
  }
  for (let i = 0; i < order; i++) {
    let sum = load<f64>(rightSide(i));
    for (let k = 0; k < i; k++) sum -= load<f64>(cell(i, k)) * load<f64>(rightSide(k));
    store<f64>(rightSide(i), load<f64>(cell(i, i)) > 0 ? sum : 0);
  }
  for (let i = order - 1; i >= 0; i--) {
    const pivot = load<f64>(cell(i, i));
    let sum = pivot > 0 ? load<f64>(rightSide(i)) / pivot : 0;
    for (let k = i + 1; k < order; k++) sum -= load<f64>(cell(k, i)) * load<f64>(rightSide(k));
    store<f64>(rightSide(i), pivot > 0 ? sum : 0);
  }
}

/** What the terms of a leaf's model add to a row of `values`, float32 [features][count]. */
@inline
export function linearPart(tree: i32, leaf: i32, values: usize, count: i32, row: i32): f32 {
  let sum: f64 = 0;
  for (let k = 0; k < MOST_TERMS; k++) {
    const feature = load<i32>(storedTerm(tree, leaf, k));
    if (feature < 0) break;
    const value = load<f32>(values + ((<usize>feature * <usize>count + <usize>row) << 2));
    sum += load<f64>(storedCoefficient(tree, leaf, k)) * <f64>value;
  }
  return <f32>sum;
}

/** Adds the terms to the scores of the rows in positions start..end of `rowIndex`. */
export function addLinear(tree: i32, leaf: i32, base: usize, start: i32, end: i32): void {
  for (let position = start; position < end; position++) {
    const row = load<i32>(rowIndex + (<usize>position << 2));
    const score = base + (<usize>row << 2);
    store<f32>(score, load<f32>(score) + linearPart(tree, leaf, linearValues, rows, row));
  }
}
