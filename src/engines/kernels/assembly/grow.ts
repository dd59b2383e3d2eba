// Grows one tree leaf by leaf: always the leaf whose split gains most (Shi 2007). All workers run this in step
// and take equal decisions; each partitions and sums its own rows, then scans its own features.

import { boundedValue, l2Quantized, smoothed } from "./gain";
import { addPartials, buildHistogram, featureAt, subtract } from "./histogram";
import { clearTerms, extendTerms } from "./linear-leaves";
import { partition } from "./partition";
import { hash, sampleSorted } from "./random";
import { Candidate, Leaf } from "./records";
import {
  candidates, columnShare, columnShareByNode, extraTrees, features, histogramBytes, histograms, linearLeaves,
  maxDepth, maxLeaves, minRowsPerLeaf, partialHistograms, seed, workers,
} from "./settings";
import { splitCategorical } from "./split-categorical";
import { gainToBeat, gradientOf, hessianOf, splitNumeric } from "./split-numeric";
import { barrier, mailbox, relayStop, stopping, worker } from "./team";
import { writeNode } from "./tree";
import { currentSplit, leafAt, leafFeatures, treeFeatures } from "./workspace";

let treeFeatureCount: i32 = 0;
/** This worker's features: positions in `treeFeatures`. */
let ownFirst: i32 = 0;
let ownLast: i32 = 0;
let stream: u32 = 0;

@inline
function histogramAt(slot: i32): usize {
  return histograms + <usize>slot * <usize>histogramBytes;
}
@inline
function candidateAt(leaf: i32, owner: i32): Candidate {
  return changetype<Candidate>(candidates + <usize>(leaf * workers + owner) * offsetof<Candidate>());
}
@inline
function listed(pool: usize, position: i32): i32 {
  return load<i32>(pool + (<usize>position << 2));
}
/** Where this worker's partial sums for a histogram go: worker 0 writes into the histogram itself. */
@inline
function partialTarget(slot: i32): usize {
  return worker == 0 ? histogramAt(slot) : partialHistograms + <usize>worker * <usize>histogramBytes;
}

/** Draws the features of this tree and deals runs of about equal size to the workers. */
function chooseTreeFeatures(): void {
  const pool = treeFeatures();
  for (let f = 0; f < features; f++) store<i32>(pool + (<usize>f << 2), f);
  treeFeatureCount = features;
  if (columnShare < 1) {
    treeFeatureCount = max(1, <i32>Math.round(columnShare * <f64>features));
    sampleSorted(pool, features, treeFeatureCount, stream);
  }
  let total: i64 = 0;
  for (let k = 0; k < treeFeatureCount; k++) total += featureAt(listed(pool, k)).slots;
  ownFirst = treeFeatureCount;
  ownLast = 0;
  let before: i64 = 0;
  for (let k = 0; k < treeFeatureCount; k++) {
    if (<i32>((before * workers) / total) == worker) {
      ownFirst = min(ownFirst, k);
      ownLast = k + 1;
    }
    before += featureAt(listed(pool, k)).slots;
  }
  ownFirst = min(ownFirst, ownLast);
}

/** Sums the workers' parts of this worker's features; the sibling becomes what remains of the parent. */
function reduce(slot: i32, parentSlot: i32): void {
  const target = histogramAt(slot);
  const pool = treeFeatures();
  for (let k = ownFirst; k < ownLast; k++) {
    const feature = featureAt(listed(pool, k));
    const bytes = <usize>feature.slots << 3;
    const from = partialHistograms + <usize>histogramBytes + feature.offset;
    addPartials(target + feature.offset, from, workers - 1, bytes);
    if (parentSlot >= 0) subtract(histogramAt(parentSlot) + feature.offset, target + feature.offset, bytes);
  }
}

/** With sampling by node: the sorted features of this leaf; otherwise all of the tree. */
function chooseLeafFeatures(leafStream: u32): i32 {
  const count = max(1, <i32>Math.round(columnShareByNode * <f64>treeFeatureCount));
  memory.copy(leafFeatures(), treeFeatures(), <usize>treeFeatureCount << 2);
  sampleSorted(leafFeatures(), treeFeatureCount, count, leafStream);
  return count;
}

/** Finds this worker's best split of a leaf. `salt` names the leaf among those of the tree. */
function search(number: i32, salt: i32): void {
  const leaf = leafAt(number);
  const best = candidateAt(number, worker);
  best.worth = gainToBeat(leaf);
  best.gain = 0;
  if (!divisible(leaf)) return;
  best.feature = -1;
  const base = best.worth;
  if (columnShareByNode < 1) {
    const count = chooseLeafFeatures(hash(stream + 1, salt));
    const firstOwn = ownFirst < ownLast ? listed(treeFeatures(), ownFirst) : features;
    const lastOwn = ownFirst < ownLast ? listed(treeFeatures(), ownLast - 1) : -1;
    for (let k = 0; k < count; k++) {
      const feature = listed(leafFeatures(), k);
      if (feature >= firstOwn && feature <= lastOwn) searchFeature(feature, leaf, best, salt);
    }
  } else {
    for (let k = ownFirst; k < ownLast; k++) searchFeature(listed(treeFeatures(), k), leaf, best, salt);
  }
  if (best.feature >= 0) best.gain = best.worth - base;
}

@inline
function searchFeature(number: i32, leaf: Leaf, best: Candidate, salt: i32): void {
  const feature = featureAt(number);
  const histogram = histogramAt(leaf.histogram);
  const cutStream = extraTrees ? hash(hash(stream + 2, salt), number) : 0;
  if (feature.categorical) splitCategorical(number, feature, histogram, leaf, best, cutStream);
  else splitNumeric(number, feature, histogram, leaf, best, cutStream);
}

@inline
function divisible(leaf: Leaf): bool {
  return leaf.rows >= 2 * minRowsPerLeaf && leaf.rows > 1 && (maxDepth <= 0 || leaf.depth < maxDepth);
}

/** The best candidate of a leaf; equal ones go to the lower feature, whoever found them. */
function bestOf(number: i32): Candidate {
  let best = candidateAt(number, 0);
  for (let owner = 1; owner < workers; owner++) {
    const other = candidateAt(number, owner);
    if (!(other.gain > 0)) continue;
    const tied = other.worth == best.worth && other.feature < best.feature;
    if (!(best.gain > 0) || other.worth > best.worth || tied) best = other;
  }
  return best;
}

function bestLeaf(leaves: i32): i32 {
  let chosen = -1;
  let gain: f64 = 0;
  for (let number = 0; number < leaves; number++) {
    const candidate = bestOf(number);
    if (candidate.gain > gain) {
      gain = candidate.gain;
      chosen = number;
    }
  }
  return chosen;
}

/** The root: all sampled rows. Every worker sums what `quantize` left in the mailboxes. */
function plantRoot(start: i32): void {
  const root = leafAt(0);
  root.gradient = 0;
  root.hessian = 0;
  root.rows = 0;
  for (let other = 0; other < workers; other++) {
    root.gradient += mailbox(other).gradient;
    root.hessian += mailbox(other).hessian;
    root.rows += mailbox(other).rows;
  }
  root.start = start;
  root.end = start + mailbox(worker).rows;
  root.lower = -Infinity;
  root.upper = Infinity;
  root.l2 = l2Quantized;
  root.strictness = 1;
  root.anchor = boundedValue(<f64>root.gradient, <f64>root.hessian, root.l2, root.lower, root.upper);
  if (linearLeaves) clearTerms(0);
  root.histogram = 0;
  root.depth = 0;
  root.parent = -1;
}

/** Turns leaf `from` into its left child and fills `to` as the right one. Rows are known after a barrier. */
function divide(from: Leaf, to: Leaf, split: Candidate, node: i32, ownLeft: i32): void {
  const gradient = gradientOf(split.left);
  const hessian = hessianOf(split.left);
  const middle = from.start + ownLeft;
  const own = boundedValue(<f64>from.gradient, <f64>from.hessian, from.l2, from.lower, from.upper);
  from.anchor = smoothed(own, from.rows + to.rows, from.anchor);
  to.anchor = from.anchor;
  const left = boundedValue(<f64>gradient, <f64>hessian, split.l2, from.lower, from.upper);
  const right = boundedValue(
    <f64>(from.gradient - gradient), <f64>(from.hessian - hessian), split.l2, from.lower, from.upper,
  );
  to.gradient = from.gradient - gradient;
  to.hessian = from.hessian - hessian;
  to.start = middle;
  to.end = from.end;
  to.depth = from.depth + 1;
  to.lower = from.lower;
  to.upper = from.upper;
  to.l2 = split.l2;
  to.strictness = 1;
  to.parent = node;
  to.side = 1;
  from.gradient = gradient;
  from.hessian = hessian;
  from.end = middle;
  from.depth += 1;
  from.l2 = split.l2;
  from.strictness = 1;
  from.parent = node;
  from.side = 0;
  const direction = featureAt(split.feature).monotone;
  if (direction == 0) return;
  const between = (left + right) * 0.5;
  if (direction > 0) {
    from.upper = between;
    to.lower = between;
  } else {
    from.lower = between;
    to.upper = between;
  }
}

function rowsLeft(): i32 {
  let sum = 0;
  for (let other = 0; other < workers; other++) sum += mailbox(other).rows;
  return sum;
}

/** The host's wish to stop, as all workers saw it after the same barrier. */
export let stopSeen: bool = false;

/** A team is used again: what stopped its last job does not stop the next. */
export function forgetStop(): void {
  stopSeen = false;
}

/**
 * Splits leaf `number` into itself and leaf `fresh`, then finds the best splits of both. After the first
 * barrier every worker checks the real row counts: a split that leaves a child with too few rows is refused
 * and the leaf searched again with a stricter estimate. Candidates are read before that barrier and replaced
 * after it.
 * @returns true when the split stands.
 */
function splitLeaf(tree: i32, number: i32, fresh: i32): bool {
  const leaf = leafAt(number);
  const split = currentSplit();
  memory.copy(changetype<usize>(split), changetype<usize>(bestOf(number)), offsetof<Candidate>());
  const ownLeft = partition(leaf, split, featureAt(split.feature));
  const leftIsSmall = hessianOf(split.left) * 2 <= leaf.hessian;
  const last = fresh + 1 == maxLeaves;
  if (!last) {
    const middle = leaf.start + ownLeft;
    if (leftIsSmall) buildHistogram(partialTarget(fresh), leaf.start, middle);
    else buildHistogram(partialTarget(fresh), middle, leaf.end);
  }
  mailbox(worker).rows = ownLeft;
  meet();
  const left = rowsLeft();
  if (min(left, leaf.rows - left) < minRowsPerLeaf) {
    leaf.strictness *= 1.5;
    search(number, number + (fresh << 16));
    barrier();
    return false;
  }
  if (worker == 0) writeNode(tree, fresh - 1, leaf, number, fresh, split);
  const parentSlot = leaf.histogram;
  const right = leafAt(fresh);
  right.rows = leaf.rows - left;
  leaf.rows = left;
  divide(leaf, right, split, fresh - 1, ownLeft);
  if (linearLeaves) extendTerms(number, fresh, split.feature);
  leaf.histogram = leftIsSmall ? fresh : parentSlot;
  right.histogram = leftIsSmall ? parentSlot : fresh;
  if (last) return true;
  reduce(fresh, parentSlot);
  search(number, number + (fresh << 16));
  search(fresh, fresh + (fresh << 16));
  barrier();
  return true;
}

/** A barrier after which all workers agree on whether to stop. */
function meet(): void {
  relayStop();
  barrier();
  stopSeen = stopping();
}

/** Grows the tree; `start` is the worker's first position in `rowIndex`. Returns its number of leaves. */
export function growTree(tree: i32, start: i32, treeStream: u32): i32 {
  stream = treeStream ^ <u32>seed;
  chooseTreeFeatures();
  buildHistogram(partialTarget(0), start, start + mailbox(worker).rows);
  meet();
  plantRoot(start);
  reduce(0, -1);
  search(0, 0);
  barrier();
  let leaves = 1;
  while (leaves < maxLeaves && !stopSeen) {
    const number = bestLeaf(leaves);
    if (number < 0) break;
    if (splitLeaf(tree, number, leaves)) leaves++;
  }
  return leaves;
}
