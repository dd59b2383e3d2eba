import type { FeatureStyle } from "../../../foundation/contracts/trainer.js";
import type { PipelineStep } from "../pipeline/pipeline.js";
import type { ColumnFacts } from "./facts.js";
import { affordableWidth, type PlanLimits } from "./limits.js";

const MOST_TERMS = 5000;
/** What tree learners and networks get of a text: the terms that tell most about the target. */
const CHOSEN_TERMS = 100;
const CHOOSING_STYLES: readonly FeatureStyle[] = ["tree", "neural", "embedded"];
/** Above this share of Han characters a text is segmented as Chinese. */
const HAN_SHARE = 0.2;

/** Texts to term weights: tokens, TF-IDF of words and word pairs, for some styles the best of them; or to pieces. */
export function textSteps(
  texts: readonly ColumnFacts[],
  style: FeatureStyle,
  limits: PlanLimits,
): PipelineStep[] {
  if (texts.length === 0) return [];
  // Each text has a tokenizer of its own.
  if (style === "encoders") {
    const config = limits.tokenizer === undefined ? {} : { tokenizer: limits.tokenizer };
    return texts.map(({ name }) => ({ transform: "subwords", columns: [name], config }));
  }
  const chooses = CHOOSING_STYLES.includes(style);
  const affordable = Math.floor(affordableWidth(limits) / texts.length);
  const maximumFeatures = Math.max(32, Math.min(chooses ? 2000 : MOST_TERMS, affordable));
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
      config: { score: "anova-f", maximumFeatures: CHOSEN_TERMS },
    }),
  );
  return [...tokens, ...weights, ...(chooses ? chosen : [])];
}
