// Records in shared or private memory; unmanaged, so that `changetype<Leaf>(address)` is a plain pointer.

/** A feature that takes part in training. Written by the host, 8 int32. */
@unmanaged
export class Feature {
  /** Address of its uint8 column. */
  column: u32;
  /** Byte offset of its first slot in a histogram; a multiple of 16. */
  offset: u32;
  /** Bins of values; the missing bin is number `valueBins`. */
  valueBins: i32;
  /** Slots in a histogram: bins, with the missing one if training data has it, rounded up to even. */
  slots: i32;
  hasMissing: i32;
  categorical: i32;
  /** -1, 0 or 1. */
  monotone: i32;
  /** 1: its standardized values take part in the leaves' linear models. */
  linear: i32;
}

/** A leaf of the tree that is being grown; each worker keeps its own copy, equal but for start and end. */
@unmanaged
export class Leaf {
  /** Exact sums of the quantized gradients and hessians. */
  gradient: i64;
  hessian: i64;
  /** Bounds of the value under monotone constraints. */
  lower: f64;
  upper: f64;
  /** L2 of this leaf; more than the setting below a split on many categories. */
  l2: f64;
  /** Grows when a split turned out to leave too few rows, see grow.ts. */
  strictness: f64;
  /** The worker's own rows: positions in `rowIndex`. */
  start: i32;
  end: i32;
  /** Rows of all workers. */
  rows: i32;
  histogram: i32;
  depth: i32;
  /** The node whose child this is, and which: 0 left, 1 right; -1 at the root. */
  parent: i32;
  side: i32;
  reserved: i32;
  /** Smoothed value of the node above, in quantized units; see gain.ts. */
  anchor: f64;
}

export const MISSING_LEFT: i32 = 1;
export const CATEGORICAL: i32 = 2;

/** The best split that one worker found for a leaf among its features. */
@unmanaged
export class Candidate {
  /** In quantized units: what both sides are worth. Starts as the worth that a split must beat. */
  worth: f64;
  /** Worth above the leaf's own; 0 = no split found. */
  gain: f64;
  /** Packed sums of the left side. */
  left: i64;
  /** L2 that the children's values are computed with. */
  l2: f64;
  feature: i32;
  bin: i32;
  flags: i32;
  reserved: i32;
  set0: u64;
  set1: u64;
  set2: u64;
  set3: u64;
  padding: u64;
}
