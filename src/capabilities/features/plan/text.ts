import type { FeatureStyle } from "../../../foundation/contracts/trainer.js";
import type { PipelineStep } from "../pipeline/pipeline.js";
import type { ColumnFacts } from "./facts.js";
import { affordableWidth, type PlanLimits } from "./limits.js";

const MOST_TERMS = 5000;
/** What a tree learner gets of a text: the terms that tell most about the target. */
const TREE_TERMS = 100;
/** Above this share of Han characters a text is segmented as Chinese. */
const HAN_SHARE = 0.2;

/** Texts to term weights: tokens, TF-IDF of words and word pairs, for trees the best of them. */
export function textSteps(
  texts: readonly ColumnFacts[],
  style: FeatureStyle,
  limits: PlanLimits,
): PipelineStep[] {
  if (texts.length === 0) return [];
  const affordable = Math.floor(affordableWidth(limits) / texts.length);
  const maximumFeatures = Math.max(32, Math.min(style === "tree" ? 2000 : MOST_TERMS, affordable));
  const tokens = texts.map(({ name, hanShare }): PipelineStep => {
    const isChinese = hanShare! > HAN_SHARE && limits.segmenter === true;
    return { transform: "tokens", columns: [name], config: { han: isChinese ? "words" : "characters" } };
  });
  const weights = texts.map(
    ({ name }): PipelineStep => ({
      transform: "tfidf",
      columns: [name],
      config: { maximumFeatures, maximumGram: 2, minimumDocuments: 2, sublinear: true },
    }),
  );
  const chosen = texts.map(
    ({ name }): PipelineStep => ({
      transform: "select",
      columns: [name],
      config: { score: "anova-f", maximumFeatures: TREE_TERMS },
    }),
  );
  return [...tokens, ...weights, ...(style === "tree" ? chosen : [])];
}
