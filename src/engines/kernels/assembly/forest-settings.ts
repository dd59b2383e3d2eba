// Further settings of a forest job, beside those of settings.ts that it shares with boosting.

/** Classes, or 0 for regression. */
export let classes: i32 = 0;
export let trees: i32 = 0;
/** 1: each tree draws as many rows as there are, with repetition; 0: all rows. */
export let bootstrap: i32 = 0;
/** Features that can be split and that each node tries. */
export let featuresPerNode: i32 = 0;
/** 1: one random split a feature (extremely randomized trees, Geurts 2006); 0: the best. */
export let randomSplits: i32 = 0;
/** 0 = Gini, 1 = entropy. */
export let criterion: i32 = 0;
/** Bytes that the trees of one worker may take for nodes and leaves. */
export let nodeCapacity: i32 = 0;
