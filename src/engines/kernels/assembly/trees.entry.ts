// Scores rows with an ensemble of trees. Runs alone, on the calling thread.

import { CATEGORICAL, FEATURE, MISSING_LEFT } from "./tree-words";

/** 4 words a node: feature | flags << 28, threshold or first word of the set, left, right; a child below 0 is
 * ~leaf. */
export let nodes: usize = 0;
/** int32 [trees]: node or ~leaf. */
export let roots: usize = 0;
export let trees: i32 = 0;
/** int32 [trees], or 0 when every leaf has a value for each output. */
export let treeOutputs: usize = 0;
export let outputs: i32 = 1;
/** float32. */
export let leafValues: usize = 0;
/** uint32 words of all sets. */
export let sets: usize = 0;
/** int32 by feature. */
export let categories: usize = 0;
/** float32 [rows][width]; readable for three rows beyond the end. */
export let block: usize = 0;
export let width: i32 = 0;
/** float64 [rows][outputs]; added to. */
export let scores: usize = 0;

/** Features of the ensemble. */
export let features: i32 = 0;
/** 1 when a node has a set. */
export let hasSets: i32 = 0;

// ---- linear leaves; treeOutputs is given
/** int32 [leaves + 1]: the terms of each leaf; 0 = leaves are constants. */
export let termStart: usize = 0;
/** int32 by term. */
export let termVariable: usize = 0;
/** float32 by term. */
export let termCoefficient: usize = 0;
/** float32 [rows][variables]. */
export let variableBlock: usize = 0;
export let variables: i32 = 0;

/** Whether a set holds a code that `checkCodes` has passed. */
@inline
function holds(set: u32, code: i32): u32 {
  const word = load<u32>(sets + (<usize>(set + <u32>(max(code, 0) >> 5)) << 2));
  return code < 0 ? 0 : (word >> (code & 31)) & 1;
}

/**
 * The child that a row goes to; a leaf (below 0) stays. Numeric splits have no branch. `withSets` is a constant
 * where this is inlined.
 */
@inline
function step(node: i32, line: usize, withSets: bool): i32 {
  // A leaf reads the first node for nothing.
  const at = nodes + (<usize>(node & ~(node >> 31)) << 4);
  const word = load<u32>(at);
  const x = load<f32>(line + (<usize>(word & FEATURE) << 2));
  const missing = <u32>(x != x);
  let left = <u32>(x <= load<f32>(at, 4));
  // This branch is worth its mispredictions: looking both ways took longer.
  if (withSets && (word >> 28) & CATEGORICAL) left = holds(load<u32>(at, 4), <i32>x) & (missing ^ 1);
  left |= missing & (word >> 28) & MISSING_LEFT;
  const child = load<i32>(at + (<usize>(left ^ 1) << 2), 8);
  return select<i32>(node, child, node < 0);
}

/** Makes every value that is no code of its feature -1, which no set holds; NaN stays. */
function checkCodes(count: i32): void {
  for (let feature = 0; feature < features; feature++) {
    const known = <f32>load<i32>(categories + (<usize>feature << 2));
    if (known == 0) continue;
    let at = block + (<usize>feature << 2);
    for (let row = 0; row < count; row++) {
      const x = load<f32>(at);
      if (x == x && !(x >= 0 && x < known && floor(x) == x)) store<f32>(at, -1);
      at += <usize>width << 2;
    }
  }
}

/** Adds every tree's leaf values to the scores of rows 0..count of the block. */
export function scoreBlock(count: i32): void {
  if (hasSets) {
    // The rows that fill up the last four are looked at too.
    checkCodes((count + 3) & ~3);
    descendAll(count, true);
  } else {
    descendAll(count, false);
  }
}

/** Four rows descend side by side. */
@inline
function descendAll(count: i32, withSets: bool): void {
  const size = <usize>width << 2;
  for (let tree = 0; tree < trees; tree++) {
    const root = load<i32>(roots + (<usize>tree << 2));
    for (let row = 0; row < count; row += 4) {
      const line = block + <usize>row * size;
      let a = root;
      let b = root;
      let c = root;
      let d = root;
      while ((a & b & c & d) >= 0) {
        a = step(a, line, withSets);
        b = step(b, line + size, withSets);
        c = step(c, line + 2 * size, withSets);
        d = step(d, line + 3 * size, withSets);
      }
      add(tree, row, ~a);
      if (row + 1 < count) add(tree, row + 1, ~b);
      if (row + 2 < count) add(tree, row + 2, ~c);
      if (row + 3 < count) add(tree, row + 3, ~d);
    }
  }
}

@inline
function add(tree: i32, row: i32, leaf: i32): void {
  const line = scores + (<usize>(row * outputs) << 3);
  if (treeOutputs) {
    const at = line + (<usize>load<i32>(treeOutputs + (<usize>tree << 2)) << 3);
    let value = <f64>load<f32>(leafValues + (<usize>leaf << 2));
    if (termStart) value += linearPart(row, leaf);
    store<f64>(at, load<f64>(at) + value);
    return;
  }
  const values = leafValues + (<usize>(leaf * outputs) << 2);
  for (let k = 0; k < outputs; k++) {
    const at = line + (<usize>k << 3);
    store<f64>(at, load<f64>(at) + <f64>load<f32>(values + (<usize>k << 2)));
  }
}

function linearPart(row: i32, leaf: i32): f64 {
  const line = variableBlock + (<usize>(row * variables) << 2);
  const end = load<i32>(termStart + (<usize>leaf << 2), 4);
  let sum: f64 = 0;
  for (let k = load<i32>(termStart + (<usize>leaf << 2)); k < end; k++) {
    const variable = <usize>load<i32>(termVariable + (<usize>k << 2));
    sum += <f64>load<f32>(termCoefficient + (<usize>k << 2)) * <f64>load<f32>(line + (variable << 2));
  }
  return sum;
}
