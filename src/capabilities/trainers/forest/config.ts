import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";

/** What differs between the members of the family. */
export interface ForestDefaults {
  readonly trees: number;
  readonly bootstrap: boolean;
  readonly featureShare: number;
  readonly maxDepth: number;
  readonly minRowsPerLeaf: number;
  readonly categories: "native" | "one-hot";
}

/**
 * The options of a forest. Leaves of three rows instead of scikit-learn's one: a third of the nodes, and less log loss
 * where classes are noisy (1.10 for 1.29 on deduplicated wine quality); clean classes (car) want 1. A single tree has no `trees` and draws no rows. */
export function forestConfig(defaults: ForestDefaults) {
  return z.strictObject({
    trees: z.number().int().min(0).max(10_000).default(defaults.trees).register(fields, {
      title: "Trees",
      help: "0: by the rows, 400 for up to 1,500 of them and fewer for more, but at least 100.",
      unit: "trees",
    }),
    ...treeFields(defaults),
    bootstrap: z.boolean().default(defaults.bootstrap).register(fields, {
      title: "Bootstrap",
      help: "Each tree sees as many rows as there are, drawn with repetition.",
    }),
  });
}

/** Trees of few rows cost little, and more of them call fewer rows impossible. */
export function numberOfTrees(trees: number | undefined, rows: number): number {
  if (trees === undefined) return 1;
  return trees > 0 ? trees : Math.max(100, Math.min(400, Math.round(600_000 / Math.max(1, rows))));
}

export function treeConfig(defaults: ForestDefaults) {
  return z.strictObject(treeFields(defaults));
}

function treeFields(defaults: ForestDefaults) {
  return {
    criterion: z
      .enum(["gini", "entropy"])
      .default("gini")
      .register(fields, {
        title: "Criterion",
        help: "Impurity of classes. Regression uses the squared error.",
        tune: { choices: ["gini", "entropy"] },
      }),
    featureShare: z
      .number()
      .min(0)
      .max(1)
      .default(defaults.featureShare)
      .register(fields, {
        title: "Feature share",
        help: "Share of the features that each split chooses from. 0: the square root of their number for classes, a third for values.",
        tune: { low: 0.1, high: 1 },
      }),
    categories: z
      .enum(["native", "ordinal", "one-hot"])
      .default(defaults.categories)
      .register(fields, {
        title: "Categories",
        help: "native: splits divide categories into two sets. ordinal: codes count as numbers. one-hot: a split separates one category from the rest.",
        tune: { choices: ["native", "ordinal", "one-hot"] },
      }),
    maxDepth: z.number().int().min(0).max(1000).default(defaults.maxDepth).register(fields, {
      title: "Maximum depth",
      help: "Most splits between root and leaf. 0: no limit.",
      unit: "splits",
    }),
    minRowsPerLeaf: z
      .number()
      .int()
      .min(1)
      .default(defaults.minRowsPerLeaf)
      .register(fields, {
        title: "Minimum rows per leaf",
        help: "Distinct training rows of a tree.",
        unit: "rows",
        tune: { low: 1, high: 20, scale: "log", integer: true },
      }),
    minImpurityDecrease: z.number().min(0).default(0).register(fields, {
      title: "Minimum impurity decrease",
      help: "A split must lower the impurity, times its share of the rows, by more than this.",
    }),
    maxBins: z.number().int().min(2).max(255).default(255).register(fields, {
      title: "Bins",
      help: "Most distinct ranges of a feature, beside the missing one.",
      unit: "bins",
    }),
    classWeights: z.enum(["none", "balanced"]).default("none").register(fields, {
      title: "Class weights",
      help: "balanced: every class has the same total weight.",
    }),
  };
}

type TreeConfig = z.infer<ReturnType<typeof treeConfig>>;
/** A tree's options read as those of a forest of one. */
export type ForestConfig = TreeConfig & { readonly trees?: number; readonly bootstrap?: boolean };
