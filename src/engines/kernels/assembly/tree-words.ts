// The word of a tree node that names its feature, and the flags above it; as written by tree-scorer.ts and tree-layout.ts.
export const MISSING_LEFT: u32 = 1;
export const CATEGORICAL: u32 = 2;
export const FEATURE: u32 = 0x0fffffff;
