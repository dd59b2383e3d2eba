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
/** 1: a split on categories separates one from the rest; 0: it divides them into two sets. */
export let oneVersusRest: i32 = 0;
/** float64 [whole weight of all rows + 1] of k * log(k) where weights are whole numbers; 0 = absent. */
export let entropyTable: usize = 0;
/** Bytes that the trees of one worker may take for nodes and leaves. */
export let nodeCapacity: i32 = 0;
