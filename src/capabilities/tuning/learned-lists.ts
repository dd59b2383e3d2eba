/** Learned by scripts/learn-portfolio over 31 tables; written by it, not by hand. */
import type { PortfolioEntry } from "./portfolio.js";

export type DataSize = "small" | "medium" | "large";
export type LearnedTask = "binary" | "multiclass" | "regression";

export const LEARNED_LISTS: Readonly<
  Record<LearnedTask, Readonly<Record<DataSize, readonly PortfolioEntry[]>>>
> = {
  binary: {
    small: [
      {
        trainer: "gbdt",
        config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
      },
      { trainer: "gbdt", config: { linearLeaves: true, leaves: 4, learningRate: 0.08 } },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "logistic-regression" },
      { trainer: "neural-network" },
      { trainer: "logistic-regression", config: { inverseRegularization: 30 } },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "kernel-ridge" },
      { trainer: "gbdt" },
      { trainer: "decision-tree" },
      { trainer: "random-forest" },
    ],
    medium: [
      {
        trainer: "gbdt",
        config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
      },
      { trainer: "gbdt", config: { linearLeaves: true, leaves: 4, learningRate: 0.08 } },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "logistic-regression", config: { inverseRegularization: 30 } },
      { trainer: "neural-network" },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "kernel-ridge" },
      { trainer: "gbdt" },
      {
        trainer: "nearest-neighbours",
        config: { neighbours: 100, weighting: "distance", power: 3, softening: 0.01 },
      },
      { trainer: "linear-svm" },
      { trainer: "decision-tree" },
    ],
    large: [
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "logistic-regression", config: { inverseRegularization: 30 } },
      {
        trainer: "gbdt",
        config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
      },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "gbdt" },
      { trainer: "gbdt", config: { leaves: 8, linearLeaves: true } },
    ],
  },
  multiclass: {
    small: [
      {
        trainer: "gbdt",
        config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
      },
      { trainer: "gbdt", config: { linearLeaves: true, leaves: 4, learningRate: 0.08 } },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      { trainer: "neural-network" },
      { trainer: "logistic-regression", config: { inverseRegularization: 30 } },
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "quadratic-ridge" },
      { trainer: "random-forest" },
      { trainer: "decision-tree" },
      { trainer: "kernel-ridge" },
      {
        trainer: "nearest-neighbours",
        config: { neighbours: 100, weighting: "distance", power: 3, softening: 0.01 },
      },
    ],
    medium: [
      {
        trainer: "gbdt",
        config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
      },
      { trainer: "gbdt", config: { linearLeaves: true, leaves: 4, learningRate: 0.08 } },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      { trainer: "neural-network" },
      { trainer: "logistic-regression", config: { inverseRegularization: 30 } },
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "kernel-ridge" },
      { trainer: "gbdt" },
      { trainer: "decision-tree" },
      { trainer: "random-forest" },
      {
        trainer: "nearest-neighbours",
        config: { neighbours: 100, weighting: "distance", power: 3, softening: 0.01 },
      },
    ],
    large: [
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "logistic-regression", config: { inverseRegularization: 30 } },
      {
        trainer: "gbdt",
        config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
      },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      { trainer: "gbdt", config: { leaves: 8, linearLeaves: true } },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "random-forest" },
    ],
  },
  regression: {
    small: [
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "neural-network" },
      { trainer: "gbdt", config: { leaves: 8, linearLeaves: true } },
      { trainer: "gbdt", config: { extraTrees: true, columnShareByNode: 1 } },
      {
        trainer: "nearest-neighbours",
        config: { neighbours: 100, weighting: "distance", power: 3, softening: 0.01 },
      },
      { trainer: "kernel-ridge" },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "gbdt", config: { linearLeaves: true, leaves: 4, learningRate: 0.08 } },
      { trainer: "nearest-neighbours", config: { selection: "leave-one-out" } },
      { trainer: "random-forest" },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      { trainer: "elastic-net" },
    ],
    medium: [
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "neural-network" },
      { trainer: "gbdt", config: { extraTrees: true, columnShareByNode: 1 } },
      { trainer: "kernel-ridge" },
      { trainer: "gbdt", config: { linearLeaves: true, leaves: 4, learningRate: 0.08 } },
      { trainer: "nearest-neighbours", config: { selection: "leave-one-out" } },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      { trainer: "random-forest" },
      { trainer: "elastic-net" },
      { trainer: "ridge", config: { penaltyStrength: 100 } },
      { trainer: "lasso" },
    ],
    large: [
      {
        trainer: "gbdt",
        config: {
          leaves: 16,
          minRowsPerLeaf: 1,
          minChildWeight: 0.0001,
          columnShare: 0.7,
          categories: "ordinal",
        },
      },
      { trainer: "gbdt", config: { extraTrees: true, columnShareByNode: 1 } },
      {
        trainer: "extra-trees",
        config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
      },
      { trainer: "quadratic-ridge", config: { maximumColumns: 15 } },
      { trainer: "gbdt", config: { leaves: 8, linearLeaves: true } },
      { trainer: "random-forest" },
    ],
  },
};
