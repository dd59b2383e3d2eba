// The configurations that are compared: defaults, hand-made ones of the literature, random ones of strong families.
import { spreadConfigurations } from "../../dist/capabilities/tuning/samplers/sobol.js";
import { parentsFirst } from "../../dist/capabilities/tuning/space/conditions.js";
import { searchSpace } from "../../dist/capabilities/tuning/space/search-space.js";
import { TRAINERS } from "../../dist/catalogue.js";
import { createRandom } from "../../dist/foundation/base/random.js";

/** In the order in which they are fitted: what is ended early has the likely ones. */
const HAND_MADE = [
  ["dummy"],
  ["gbdt"],
  ["extra-trees"],
  ["extra-trees", { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 }],
  ["logistic-regression"],
  ["ridge"],
  ["quadratic-ridge"],
  ["random-forest"],
  ["gbdt", { extraTrees: true, columnShareByNode: 1 }],
  ["gbdt", { leaves: 8, linearLeaves: true }],
  ["gbdt", { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" }],
  [
    "gbdt",
    { leaves: 16, minRowsPerLeaf: 1, minChildWeight: 0.0001, columnShare: 0.7, categories: "ordinal" },
  ],
  ["gbdt", { leaves: 24, columnShare: 0.5, l2: 3, categories: "one-hot" }],
  ["gbdt", { leaves: 16, columnShare: 0.4, categories: "ordinal" }],
  ["gaussian-naive-bayes"],
  ["decision-tree"],
  ["elastic-net"],
  ["lasso"],
  ["linear-svm"],
  ["logistic-regression", { inverseRegularization: 0.03 }],
  ["logistic-regression", { inverseRegularization: 30 }],
  ["logistic-regression", { penalty: "l1", inverseRegularization: 0.3 }],
  ["ridge", { penaltyStrength: 100 }],
  ["quadratic-ridge", { maximumColumns: 15 }],
  ["kernel-ridge"],
  ["neural-network"],
  ["nearest-neighbours", { selection: "leave-one-out" }],
  ["nearest-neighbours", { neighbours: 100, weighting: "distance", power: 3, softening: 0.01 }],
  ["gbdt", { learningRate: 0.02, leaves: 16 }],
  ["gbdt", { leaves: 8, minRowsPerLeaf: 10, rowShare: 0.7, columnShare: 0.7, l2: 10 }],
  ["gbdt", { linearLeaves: true, leaves: 4, learningRate: 0.08 }],
  ["extra-trees", { minRowsPerLeaf: 1 }],
  ["extra-trees", { featureShare: 1, minRowsPerLeaf: 1, categories: "one-hot" }],
  ["random-forest", { criterion: "entropy", minRowsPerLeaf: 5, featureShare: 0.5 }],
  ["kernel-svm"],
  ["kernel-ridge", { kernel: "matern32" }],
  ["extra-trees", { criterion: "entropy", featureShare: 0.5, categories: "one-hot" }],
  ["random-forest", { minRowsPerLeaf: 1 }],
  ["gbdt", { leaves: 3, learningRate: 0.1, minRowsPerLeaf: 10 }],
  ["gbdt", { linearLeaves: true, extraTrees: true, leaves: 16, columnShare: 0.7 }],
  ["gbdt", { extraTrees: true, leaves: 64, learningRate: 0.03, minRowsPerLeaf: 5 }],
  ["gbdt", { leaves: 128, minRowsPerLeaf: 3, learningRate: 0.03 }],
  ["extra-trees", { criterion: "entropy", minRowsPerLeaf: 1 }],
  ["extra-trees", { featureShare: 0.5, minRowsPerLeaf: 2, categories: "ordinal" }],
  ["multinomial-naive-bayes"],
  ["complement-naive-bayes"],
  ["least-squares"],
  ["kernel-svm", { inverseRegularization: 10, gammaFactor: 0.3 }],
  [
    "neural-network",
    {
      embedding: "pbld",
      frequencyScale: 0.1,
      embeddingWidth: 4,
      smoothClip: true,
      hiddenLayers: 3,
      activation: "selu",
      learningRate: 0.003,
      schedule: "coslog4",
    },
  ],
  ["neural-network", { embedding: "none", hiddenLayers: 3, learningRate: 0.002 }],
  [
    "neural-network",
    {
      embedding: "plr",
      embeddingWidth: 8,
      hiddenLayers: 2,
      hiddenWidth: 128,
      activation: "relu",
      learningRate: 0.002,
      schedule: "cosine",
      members: 8,
      steps: 800,
    },
  ],
  ["ft-transformer"],
  ["kernel-ridge", { kernel: "exponential" }],
  ["quadratic-ridge", { maximumColumns: 75 }],
  ["gbdt", { leaves: 128, minRowsPerLeaf: 1, columnShare: 0.6, iterations: 300, earlyStopping: 0, l2: 3 }],
];

/** Points of a scrambled Sobol sequence over the tuning ranges, so many for each family. */
const RANDOM = { gbdt: 8, "extra-trees": 3, "random-forest": 3, "kernel-svm": 2 };

/** Boosting has more tunable settings than a few points can cover: those of least effect stay at their defaults. */
const PINNED = {
  gbdt: {
    iterations: 200,
    l1: 0,
    minSplitGain: 0,
    pathSmoothing: 0,
    linearLeaves: false,
    linearL2: 1,
    categorySmoothing: 10,
    categoryL2: 10,
    tweediePower: 1.5,
  },
};

const trainerOf = (id) => {
  const trainer = TRAINERS.find((known) => known.id === id);
  if (!trainer) throw new Error(`The catalogue has no trainer ${id}.`);
  return trainer;
};

/** `id` names trainer and settings; `config` has what differs from the defaults, `resolved` everything. */
function candidate(trainer, config = {}) {
  const resolved = trainer.config.parse(config);
  const differing = Object.keys(config).length === 0 ? "" : ` ${JSON.stringify(config)}`;
  return { id: `${trainer.id}${differing}`, trainer, config, resolved };
}

function randomCandidates() {
  return Object.entries(RANDOM).flatMap(([id, count]) => {
    const trainer = trainerOf(id);
    const space = parentsFirst(searchSpace(trainer.config, PINNED[id]));
    const random = createRandom("portfolio").fork(id);
    return spreadConfigurations(space, [], count, random).map((drawn) => candidate(trainer, rounded(drawn)));
  });
}

/** Two digits say as much as six here, and can be read. */
function rounded(config) {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(2)) : value,
    ]),
  );
}

export const CANDIDATES = [
  ...HAND_MADE.map(([id, config]) => candidate(trainerOf(id), config)),
  ...randomCandidates(),
];
