// Shapley values of ensembles of trees. Runs alone, on the calling thread.
//
// One path of a tree is a product game: the leaf's value times, for each feature j on the path, o_j (the row passes
// all its splits: 1, else 0) if j is in the coalition and z_j (the share of training rows that pass) if not. Its
// multilinear extension (Owen 1972) at t has the factors F_j(t) = z_j (1 - t) + o_j t, and the Shapley value of i is the
// integral over t in 0..1 of (o_i - z_i) * product of F_j, j != i: a polynomial, so Gauss-Legendre quadrature with half
// as many points as the path has features is exact. Points share the way down (products of factors) and up (sums over
// the leaves below), as in Linear TreeSHAP (Yu et al. 2022). Both leaves of a node are dealt with together, at the node.

import { CATEGORICAL, FEATURE, MISSING_LEFT } from "./tree-words";

/** Words of 32 bits of a tree: elements' address, their number, points (even), address of the points t and behind them
 * their weights and 1 - t, output (-1: all). */
const TREE_BYTES: usize = 20;
/** An element is a node or leaf: parent, nearest element above that is reached by a split on the same feature (0:
 * none), 1 if it is a left child, feature of the split above, leaf or -1, feature | flags << 28, threshold or first
 * word of the set, right child (the left one is the next element); float64 share of the parent's rows, share of the
 * rows over all splits on the feature above. */
const ELEMENT_BYTES: usize = 48;

export let treeRecords: usize = 0;
export let trees: i32 = 0;
export let outputs: i32 = 1;
export let features: i32 = 0;
/** float32 [leaves][outputs or 1]. */
export let leafValues: usize = 0;
/** uint32 words of all sets. */
export let sets: usize = 0;
/** int32 by feature. */
export let categories: usize = 0;
/** float32 [rows][features]. */
export let block: usize = 0;
/** float64 [rows][outputs][features]; added to. Interactions: [rows][outputs][features][features]. */
export let contributions: usize = 0;
/** float64 [elements of the largest tree][points], twice; the sums are 0 between calls. */
export let products: usize = 0;
export let sums: usize = 0;
/** uint8 [elements of the largest tree], twice. */
export let passes: usize = 0;
export let decisions: usize = 0;
/** float32 [rows][features]: the rows that stand for the training data. */
export let background: usize = 0;
export let backgroundRows: i32 = 0;
/** float64 [weightSize][weightSize]: (x - 1)! b! / (x + b)! at row x, column b. */
export let weights: usize = 0;
export let weightSize: i32 = 0;
/** int32 [features of the longest path], for interactions and interventions. */
export let pathFeatures: usize = 0;
/** uint8 [features], all 0 between calls. */
export let sides: usize = 0;
/** float64 [features of the longest path][points], and one line more. */
export let pathFactors: usize = 0;
/** float64 [features of the longest path]. */
export let pathGains: usize = 0;

/** 1 when the row goes left at an element. */
@inline
function goesLeft(element: usize, line: usize): u32 {
  const word = load<u32>(element, 20);
  const feature = word & FEATURE;
  const flags = word >> 28;
  const x = load<f32>(line + (<usize>feature << 2));
  if (x != x) return flags & MISSING_LEFT;
  if (!(flags & CATEGORICAL)) return <u32>(x <= load<f32>(element, 24));
  const known = <f32>load<i32>(categories + (<usize>feature << 2));
  if (!(x >= 0 && x < known && floor(x) == x)) return 0;
  const code = <u32>x;
  const word2 = load<u32>(sets + (<usize>(load<u32>(element, 24) + (code >> 5)) << 2));
  return (word2 >> (code & 31)) & 1;
}

@inline
function leafValue(leaf: i32, output: i32, single: bool): f64 {
  return <f64>load<f32>(leafValues + (<usize>(single ? leaf : leaf * outputs + output) << 2));
}

/** Weights times the factors down to every node; 1 in `passes` where the row passes all splits on the feature above. */
@inline
function descend(tree: usize, line: usize, lineBytes: usize): void {
  const elements = <usize>load<u32>(tree);
  const count = <usize>load<i32>(tree, 4);
  const places = <usize>load<u32>(tree, 12);
  memory.copy(products, places + lineBytes, lineBytes);
  store<u8>(passes, 1);
  store<u8>(decisions, <u8>goesLeft(elements, line));
  for (let k: usize = 1; k < count; k++) {
    const element = elements + k * ELEMENT_BYTES;
    if (load<i32>(element, 16) >= 0) continue;
    const parent = <usize>load<i32>(element);
    const above = <usize>load<i32>(element, 4);
    const from = products + parent * lineBytes;
    const product = products + k * lineBytes;
    store<u8>(decisions + k, <u8>goesLeft(element, line));
    if (!load<u8>(passes + above)) {
      store<u8>(passes + k, 0);
      const share = f64x2.splat(load<f64>(element, 32));
      for (let q: usize = 0; q < lineBytes; q += 16) {
        v128.store(product + q, f64x2.mul(v128.load(from + q), share));
      }
      continue;
    }
    const pass = <u32>(load<u8>(decisions + parent) == <u8>load<i32>(element, 8));
    store<u8>(passes + k, <u8>pass);
    const present = f64x2.splat(<f64>pass);
    const z = f64x2.splat(load<f64>(element, 40));
    if (above == 0) {
      for (let q: usize = 0; q < lineBytes; q += 16) {
        const factor = mixed(z, present, places, q, lineBytes);
        v128.store(product + q, f64x2.mul(v128.load(from + q), factor));
      }
    } else {
      const before = f64x2.splat(load<f64>(elements + above * ELEMENT_BYTES, 40));
      for (let q: usize = 0; q < lineBytes; q += 16) {
        const factor = mixed(z, present, places, q, lineBytes);
        const last = mixed(before, f64x2.splat(1), places, q, lineBytes);
        v128.store(product + q, f64x2.mul(v128.load(from + q), f64x2.div(factor, last)));
      }
    }
  }
}

/** absent (1 - t) + present t at the points from byte `q` on. */
@inline
function mixed(absent: v128, present: v128, places: usize, q: usize, lineBytes: usize): v128 {
  const rest = v128.load(places + 2 * lineBytes + q);
  return f64x2.add(f64x2.mul(absent, rest), f64x2.mul(present, v128.load(places + q)));
}

@inline
function add(at: usize, amount: f64): void {
  store<f64>(at, load<f64>(at) + amount);
}

@inline
function across(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/**
 * From the leaves up: sums of leaf value times the factors between element and leaf, and from them and the products
 * down to the element the contributions of one output.
 */
@inline
function ascend(tree: usize, output: i32, single: bool, result: usize, lineBytes: usize): void {
  const elements = <usize>load<u32>(tree);
  const places = <usize>load<u32>(tree, 12);
  for (let k = <usize>load<i32>(tree, 4) - 1; k > 0; k--) {
    const element = elements + k * ELEMENT_BYTES;
    if (load<i32>(element, 16) >= 0) continue;
    addLeaves(elements, places, k, output, single, result, lineBytes);
    const sum = sums + k * lineBytes;
    const parent = <usize>load<i32>(element);
    const above = <usize>load<i32>(element, 4);
    const to = sums + parent * lineBytes;
    const zero = f64x2.splat(0);
    if (!load<u8>(passes + above)) {
      const share = f64x2.splat(load<f64>(element, 32));
      for (let q: usize = 0; q < lineBytes; q += 16) {
        v128.store(to + q, f64x2.add(v128.load(to + q), f64x2.mul(v128.load(sum + q), share)));
        v128.store(sum + q, zero);
      }
      continue;
    }
    const from = products + parent * lineBytes;
    const product = load<f64>(element, 40);
    const z = f64x2.splat(product);
    const present = <f64>load<u8>(passes + k);
    const passed = f64x2.splat(present);
    let total = zero;
    if (above == 0) {
      for (let q: usize = 0; q < lineBytes; q += 16) {
        const below = v128.load(sum + q);
        const value = f64x2.mul(below, mixed(z, passed, places, q, lineBytes));
        v128.store(to + q, f64x2.add(v128.load(to + q), value));
        total = f64x2.add(total, f64x2.mul(v128.load(from + q), below));
        v128.store(sum + q, zero);
      }
      total = f64x2.mul(total, f64x2.splat(present - product));
    } else {
      // What counts for the feature so far, by its splits further up, is replaced.
      const share = load<f64>(elements + above * ELEMENT_BYTES, 40);
      const before = f64x2.splat(share);
      const lost = f64x2.splat(1 - share);
      const gain = f64x2.splat(present - product);
      for (let q: usize = 0; q < lineBytes; q += 16) {
        const last = mixed(before, f64x2.splat(1), places, q, lineBytes);
        const below = f64x2.div(v128.load(sum + q), last);
        const value = f64x2.mul(below, mixed(z, passed, places, q, lineBytes));
        v128.store(to + q, f64x2.add(v128.load(to + q), value));
        const change = f64x2.sub(f64x2.mul(gain, below), f64x2.mul(lost, f64x2.div(value, last)));
        total = f64x2.add(total, f64x2.mul(v128.load(from + q), change));
        v128.store(sum + q, zero);
      }
    }
    add(result + (<usize>load<i32>(element, 12) << 3), across(total));
  }
  addLeaves(elements, places, 0, output, single, result, lineBytes);
  memory.fill(sums, 0, lineBytes);
}

/** What the leaves right below node `k` add to its sums and to the contributions of its feature. */
@inline
function addLeaves(
  elements: usize,
  places: usize,
  k: usize,
  output: i32,
  single: bool,
  result: usize,
  lineBytes: usize,
): void {
  const left = elements + (k + 1) * ELEMENT_BYTES;
  const right = elements + <usize>load<i32>(elements + k * ELEMENT_BYTES, 28) * ELEMENT_BYTES;
  const leftLeaf = load<i32>(left, 16);
  const rightLeaf = load<i32>(right, 16);
  if (leftLeaf < 0 && rightLeaf < 0) return;
  const a = leftLeaf >= 0 ? leafValue(leftLeaf, output, single) : 0;
  const b = rightLeaf >= 0 ? leafValue(rightLeaf, output, single) : 0;
  const above = <usize>load<i32>(left, 4);
  const sum = sums + k * lineBytes;
  if (!load<u8>(passes + above)) {
    const mean = f64x2.splat(a * load<f64>(left, 32) + b * load<f64>(right, 32));
    for (let q: usize = 0; q < lineBytes; q += 16) v128.store(sum + q, f64x2.add(v128.load(sum + q), mean));
    return;
  }
  const from = products + k * lineBytes;
  // Without the feature the leaves count by their shares, with it the one that the row reaches.
  const without = a * load<f64>(left, 40) + b * load<f64>(right, 40);
  const reached = load<u8>(decisions + k) ? a : b;
  const absent = f64x2.splat(without);
  const present = f64x2.splat(reached);
  let total = f64x2.splat(0);
  if (above == 0) {
    for (let q: usize = 0; q < lineBytes; q += 16) {
      v128.store(sum + q, f64x2.add(v128.load(sum + q), mixed(absent, present, places, q, lineBytes)));
      total = f64x2.add(total, v128.load(from + q));
    }
    total = f64x2.mul(total, f64x2.splat(reached - without));
  } else {
    const share = load<f64>(elements + above * ELEMENT_BYTES, 40);
    const before = f64x2.splat(share);
    const lost = f64x2.splat(1 - share);
    const gain = f64x2.splat(reached - without);
    for (let q: usize = 0; q < lineBytes; q += 16) {
      const last = mixed(before, f64x2.splat(1), places, q, lineBytes);
      const value = f64x2.div(mixed(absent, present, places, q, lineBytes), last);
      v128.store(sum + q, f64x2.add(v128.load(sum + q), value));
      const change = f64x2.sub(gain, f64x2.mul(lost, value));
      total = f64x2.add(total, f64x2.div(f64x2.mul(v128.load(from + q), change), last));
    }
  }
  add(result + (<usize>load<i32>(left, 12) << 3), across(total));
}

@inline
function explainRows(tree: usize, count: i32, lineBytes: usize): void {
  const own = load<i32>(tree, 16);
  const rowBytes = <usize>(outputs * features) << 3;
  for (let row = 0; row < count; row++) {
    const result = contributions + <usize>row * rowBytes;
    descend(tree, block + (<usize>(row * features) << 2), lineBytes);
    if (own >= 0) {
      ascend(tree, own, true, result + (<usize>(own * features) << 3), lineBytes);
    } else {
      for (let k = 0; k < outputs; k++) {
        ascend(tree, k, false, result + (<usize>(k * features) << 3), lineBytes);
      }
    }
  }
}

/** Adds the path-dependent Shapley values of rows 0..count of the block. */
export function explainBlock(count: i32): void {
  for (let k = 0; k < trees; k++) {
    const tree = treeRecords + <usize>k * TREE_BYTES;
    if (load<i32>(tree, 4) < 2) continue;
    // A constant length lets the compiler drop the loops over points.
    const points = load<i32>(tree, 8);
    if (points == 2) explainRows(tree, count, 16);
    else if (points == 4) explainRows(tree, count, 32);
    else if (points == 6) explainRows(tree, count, 48);
    else if (points == 8) explainRows(tree, count, 64);
    else explainRows(tree, count, <usize>points << 3);
  }
}

/** Marks which splits the row passes, and which side it takes, without any products. */
function follow(elements: usize, count: i32, line: usize): void {
  store<u8>(passes, 1);
  for (let k = 0; k < count; k++) {
    const element = elements + <usize>k * ELEMENT_BYTES;
    if (k > 0) {
      const above = load<u8>(passes + <usize>load<i32>(element, 4));
      const side = load<u8>(decisions + <usize>load<i32>(element));
      store<u8>(passes + <usize>k, above & <u8>(side == <u8>load<i32>(element, 8)));
    }
    if (load<i32>(element, 16) < 0) store<u8>(decisions + <usize>k, <u8>goesLeft(element, line));
  }
}

/** Features of a leaf's path with their factors at every point; returns their number. The last line is the product. */
function gatherPath(elements: usize, leafAt: i32, places: usize, points: i32): i32 {
  const lineBytes = <usize>points << 3;
  let count = 0;
  for (let k = leafAt; k > 0; k = load<i32>(elements + <usize>k * ELEMENT_BYTES)) {
    const element = elements + <usize>k * ELEMENT_BYTES;
    const feature = load<i32>(element, 12);
    let known = false;
    for (let j = 0; j < count; j++) {
      if (load<i32>(pathFeatures + (<usize>j << 2)) == feature) known = true;
    }
    if (known) continue;
    const z = load<f64>(element, 40);
    const o = <f64>load<u8>(passes + <usize>k);
    store<i32>(pathFeatures + (<usize>count << 2), feature);
    store<f64>(pathGains + (<usize>count << 3), o - z);
    for (let q = 0; q < points; q++) {
      const t = load<f64>(places + (<usize>q << 3));
      store<f64>(pathFactors + <usize>count * lineBytes + (<usize>q << 3), z * (1 - t) + o * t);
    }
    count++;
  }
  const total = pathFactors + <usize>count * lineBytes;
  for (let q = 0; q < points; q++) {
    let product = load<f64>(places + lineBytes + (<usize>q << 3));
    for (let j = 0; j < count; j++) product *= load<f64>(pathFactors + <usize>j * lineBytes + (<usize>q << 3));
    store<f64>(total + (<usize>q << 3), product);
  }
  return count;
}

/** Adds, for each pair of a path's features, half the integral of their joint gain to both cells. */
function addPairs(tree: usize, leaf: i32, count: i32, points: i32, result: usize): void {
  const lineBytes = <usize>points << 3;
  const total = pathFactors + <usize>count * lineBytes;
  const own = load<i32>(tree, 16);
  const first = own >= 0 ? own : 0;
  const last = own >= 0 ? own : outputs - 1;
  for (let i = 0; i < count; i++) {
    const gain = load<f64>(pathGains + (<usize>i << 3));
    if (gain == 0) continue;
    const a = pathFactors + <usize>i * lineBytes;
    for (let j = 0; j < i; j++) {
      const both = gain * load<f64>(pathGains + (<usize>j << 3));
      if (both == 0) continue;
      const b = pathFactors + <usize>j * lineBytes;
      let integral: f64 = 0;
      for (let q: usize = 0; q < lineBytes; q += 8) {
        integral += load<f64>(total + q) / (load<f64>(a + q) * load<f64>(b + q));
      }
      const one = load<i32>(pathFeatures + (<usize>i << 2));
      const other = load<i32>(pathFeatures + (<usize>j << 2));
      for (let k = first; k <= last; k++) {
        const amount = 0.5 * both * integral * leafValue(leaf, k, own >= 0);
        const matrix = result + (<usize>(k * features * features) << 3);
        const upper = matrix + (<usize>(one * features + other) << 3);
        const lower = matrix + (<usize>(other * features + one) << 3);
        store<f64>(upper, load<f64>(upper) + amount);
        store<f64>(lower, load<f64>(lower) + amount);
      }
    }
  }
}

/** Adds the interaction values of different features of rows 0..count; the diagonal is left alone. */
export function interactBlock(count: i32): void {
  const rowBytes = <usize>(outputs * features * features) << 3;
  for (let k = 0; k < trees; k++) {
    const tree = treeRecords + <usize>k * TREE_BYTES;
    const elements = <usize>load<u32>(tree);
    const size = load<i32>(tree, 4);
    const points = load<i32>(tree, 8);
    for (let row = 0; row < count; row++) {
      follow(elements, size, block + (<usize>(row * features) << 2));
      for (let at = 1; at < size; at++) {
        const leaf = load<i32>(elements + <usize>at * ELEMENT_BYTES, 16);
        if (leaf < 0) continue;
        const length = gatherPath(elements, at, <usize>load<u32>(tree, 12), points);
        addPairs(tree, leaf, length, points, contributions + <usize>row * rowBytes);
      }
    }
  }
}

/** What a walk over one tree with a row and a background row carries. */
let walkTree: usize = 0;
let walkRow: usize = 0;
let walkOther: usize = 0;
let walkResult: usize = 0;

/** `mine` features on the way follow the row, `theirs` the background row; they lie on the stack `pathFeatures`. */
function walk(k: i32, mine: i32, theirs: i32): void {
  const elements = <usize>load<u32>(walkTree);
  const element = elements + <usize>k * ELEMENT_BYTES;
  const leaf = load<i32>(element, 16);
  if (leaf >= 0) {
    addLeaf(leaf, mine, theirs);
    return;
  }
  const feature = load<u32>(element, 20) & FEATURE;
  const rightAt = load<i32>(element, 28);
  const own = goesLeft(element, walkRow) ? k + 1 : rightAt;
  const other = goesLeft(element, walkOther) ? k + 1 : rightAt;
  const side = load<u8>(sides + <usize>feature);
  if (own == other || side == 1) walk(own, mine, theirs);
  else if (side == 2) walk(other, mine, theirs);
  else {
    store<i32>(pathFeatures + (<usize>(mine + theirs) << 2), feature);
    store<u8>(sides + <usize>feature, 1);
    walk(own, mine + 1, theirs);
    store<u8>(sides + <usize>feature, 2);
    // The walk above may have written over the stack from here on, not at this place.
    walk(other, mine, theirs + 1);
    store<u8>(sides + <usize>feature, 0);
  }
}

function addLeaf(leaf: i32, mine: i32, theirs: i32): void {
  const own = load<i32>(walkTree, 16);
  const first = own >= 0 ? own : 0;
  const last = own >= 0 ? own : outputs - 1;
  const plus = load<f64>(weights + (<usize>(mine * weightSize + theirs) << 3));
  const minus = load<f64>(weights + (<usize>(theirs * weightSize + mine) << 3));
  for (let j = 0; j < mine + theirs; j++) {
    const feature = load<i32>(pathFeatures + (<usize>j << 2));
    const share = load<u8>(sides + <usize>feature) == 1 ? plus : -minus;
    for (let k = first; k <= last; k++) {
      const at = walkResult + (<usize>(k * features + feature) << 3);
      store<f64>(at, load<f64>(at) + share * leafValue(leaf, k, own >= 0));
    }
  }
}

/** Adds, over all background rows, the interventional Shapley values of rows 0..count; to be divided by their number. */
export function interveneBlock(count: i32): void {
  const lineBytes = <usize>features << 2;
  for (let k = 0; k < trees; k++) {
    walkTree = treeRecords + <usize>k * TREE_BYTES;
    for (let row = 0; row < count; row++) {
      walkRow = block + <usize>row * lineBytes;
      walkResult = contributions + (<usize>(row * outputs * features) << 3);
      for (let other = 0; other < backgroundRows; other++) {
        walkOther = background + <usize>other * lineBytes;
        walk(0, 0, 0);
      }
    }
  }
}
