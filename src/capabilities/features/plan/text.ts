import { QuernError } from "../../../foundation/base/errors.js";
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
  if (style === "encoders") return pieceSteps(texts, limits);
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

/** Each text has a tokenizer of its own, unless one is given; those that are joined are one text. */
function pieceSteps(texts: readonly ColumnFacts[], { tokenizer, joined = [] }: PlanLimits): PipelineStep[] {
  const config = tokenizer === undefined ? {} : { tokenizer };
  const apart = texts.filter(({ name }) => !joined.includes(name));
  const together = texts.filter(({ name }) => joined.includes(name)).map(({ name }) => name);
  const [missing] = joined.filter((name) => !together.includes(name));
  if (missing !== undefined) throw notJoined(missing, texts);
  return [
    ...(together.length > 0 ? [{ transform: "joined-subwords", columns: together, config }] : []),
    ...apart.map(({ name }) => ({ transform: "subwords", columns: [name], config })),
  ];
}

function notJoined(missing: string, texts: readonly ColumnFacts[]): QuernError {
  const known = texts.map(({ name }) => name).join(", ");
  return new QuernError(
    "CONFIG_INVALID",
    `The column ${JSON.stringify(missing)} cannot be read with others as one text: columns of texts are ${known || "none"}.`,
    {
      hint: "Set its kind to text in `data.kinds`, or leave it out of `joined`.",
      details: { column: missing },
    },
  );
}
