// The settings of one boosting job. Each `export let` is a WebAssembly global that the host writes in every
// worker before it calls a kernel. Addresses are byte offsets in the shared memory.

// ---- team
export let workers: i32 = 1;
/** Two i32, 64 bytes apart: arrivals and phase. */
export let barrierAddress: usize = 0;
/** One i32: the host writes 1 to stop the job. */
export let stopAddress: usize = 0;
/** Private scratch of worker w starts at workspace + w * workspaceBytes. */
export let workspace: usize = 0;
export let workspaceBytes: i32 = 0;

// ---- binned data
export let rows: i32 = 0;
export let features: i32 = 0;
/** Features come sorted by width class: first those with up to 256 slots, then up to 64, then up to 16. */
export let wideFeatures: i32 = 0;
export let mediumFeatures: i32 = 0;
/** Array of `Feature`. */
export let featureTable: usize = 0;
/** uint8 [rows][features]. */
export let binsByRow: usize = 0;
/** Bytes of one histogram: 8 for each slot of every feature. */
export let histogramBytes: i32 = 0;

// ---- training state
/** float32 [rows]; class numbers, or centred values. */
export let labels: usize = 0;
/** float32 [rows], or 0 for all ones. */
export let weights: usize = 0;
/** float32 [outputs][rows]. */
export let scores: usize = 0;
/** float32 [rows]; log of the sum of exponentials of the row's scores (softmax), otherwise unused. */
export let normalizers: usize = 0;
/** [rows] of {hessian, gradient}: float32 pairs, then int32 pairs. */
export let gradientPairs: usize = 0;
/** int32 [rows]; each worker's rows are one run, grouped by leaf. */
export let rowIndex: usize = 0;
/** int32 [rows]; scratch of the partition, and of the leaf renewal as float32. */
export let rowScratch: usize = 0;
/** Float64 [blocks][2]: partial sums of |gradient| and hessian, later of loss and weight. */
export let blockSums: usize = 0;
/** `maxLeaves` histograms of int64. */
export let histograms: usize = 0;
/** `workers` histograms. */
export let partialHistograms: usize = 0;
/** `Candidate` [maxLeaves][workers]. */
export let candidates: usize = 0;
/** One record of 64 bytes for each worker, see team.ts. */
export let mailboxes: usize = 0;

// ---- objective
export let objective: i32 = 0;
export let outputs: i32 = 1;
/** Huber: delta. Quantile: level. Poisson: largest step. Tweedie: variance power. */
export let objectiveParameter: f64 = 0;
export let constantHessian: i32 = 0;
/** 1: leaf values become the quantile `renewLevel` of the residuals. */
export let renewLeaves: i32 = 0;
export let renewLevel: f64 = 0.5;
/** Makes weights integers below 2^32 for the renewal. */
export let weightScale: f64 = 1;

// ---- growth
export let iterations: i32 = 0;
/** Progress is told after each so many iterations. */
export let reportEvery: i32 = 1;
export let maxLeaves: i32 = 0;
export let maxDepth: i32 = 0;
export let learningRate: f64 = 0;
export let minRowsPerLeaf: i32 = 0;
export let minChildWeight: f64 = 0;
export let l1: f64 = 0;
export let l2: f64 = 0;
export let minSplitGain: f64 = 0;
export let monotone: i32 = 0;
export let categorySmoothing: f64 = 0;
export let categoryL2: f64 = 0;
export let maxCategoriesPerSplit: i32 = 0;
export let oneVersusRestLimit: i32 = 0;
export let minRowsPerCategoryGroup: i32 = 0;
/** 1: one random threshold for each numeric feature and leaf. */
export let extraTrees: i32 = 0;
/** Rows by which a leaf's value is drawn to the value of the node above it; 0 = not at all. */
export let pathSmoothing: f64 = 0;

// ---- linear leaves
/** 1: leaves hold linear models of the numeric features on their path. */
export let linearLeaves: i32 = 0;
/** Penalty on the coefficients. */
export let linearL2: f64 = 0;
/** float32 [features][rows]: standardized values, 0 where missing. */
export let linearValues: usize = 0;
/** float32 [features][validationRows]. */
export let linearValidation: usize = 0;

// ---- sampling
export let seed: i32 = 0;
export let rowShare: f64 = 1;
export let columnShare: f64 = 1;
export let columnShareByNode: f64 = 1;

// ---- validation
export let validationRows: i32 = 0;
/** uint8 [validationRows][features]. */
export let validationBins: usize = 0;
export let validationLabels: usize = 0;
export let validationWeights: usize = 0;
export let validationScores: usize = 0;
/** Iterations without improvement before the job stops; 0 = never. */
export let patience: i32 = 0;
export let minImprovement: f64 = 0;

// ---- trees, structure of arrays; tree t owns nodes from t * (maxLeaves - 1) and leaves from t * maxLeaves
export let nodeFeature: usize = 0;
/** Numeric: the last bin that goes left. */
export let nodeBin: usize = 0;
export let nodeFlags: usize = 0;
/** Child: node number within the tree, or ~leaf. */
export let nodeLeft: usize = 0;
export let nodeRight: usize = 0;
/** float64. */
export let nodeGain: usize = 0;
/** 256 bits a node: the bins that go left (categories). */
export let nodeSets: usize = 0;
/** float64. */
export let leafValue: usize = 0;
export let leafRows: usize = 0;
/** int32 [8] a leaf: the features of its linear model, -1 beyond the last. */
export let leafTerms: usize = 0;
/** float64 [8] a leaf. */
export let leafCoefficients: usize = 0;
/** int32, leaves of each tree. */
export let treeLeaves: usize = 0;
/** float64 [iterations]. */
export let validationLoss: usize = 0;
/** int32 [2]: iterations done, best iteration (a count). */
export let outcome: usize = 0;
