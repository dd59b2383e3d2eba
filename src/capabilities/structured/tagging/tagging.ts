import type { Evaluation, WorstStructure } from "../../../foundation/contracts/evaluation.js";
import { columnOf, type Frame } from "../../../foundation/contracts/frame.js";
import type { TaggingTarget, TextSpan } from "../../../foundation/contracts/structured.js";
import type { EntitiesAnswer, Entity } from "../../../foundation/contracts/structured-answers.js";
import { tagNames } from "../../../foundation/contracts/tag-sequence.js";
import { defineStructuredTask, type JudgeRequest } from "../definition.js";
import { figuresOfLabel, structureEvaluation, worstOf } from "../evaluation.js";
import { dictionaryAnswers } from "./dictionary.js";
import { parseEntities } from "./parse-entities.js";
import { countSpans, type SpanCounts, spanFigures, sumCounts } from "./span-figures.js";

/** Trainers that read the pieces of a pretrained encoder. */
const WITH_ENCODER = "encoder-tagger";
const WORST = 20;

/** Entities in texts: which stretches of a text name what (named entity recognition). */
export const tagging = defineStructuredTask<"tagging">({
  task: "tagging",
  version: 1,
  formats: ["conll"],
  targetColumn: "entities",
  input: "text",
  metrics: [
    { id: "span-f1", title: "Span F1", direction: "maximize" },
    { id: "span-precision", title: "Span precision", direction: "maximize" },
    { id: "span-recall", title: "Span recall", direction: "maximize" },
    { id: "span-f1-macro", title: "Span F1, mean of labels", direction: "maximize" },
    { id: "exact-texts", title: "Texts without an error", direction: "maximize" },
  ],
  async parse(cells, { inputs, labels }) {
    return parseEntities(cells, textsOf(inputs), labels);
  },
  plan({ inputs, trainer, config, tokenizer }) {
    const columns = [...inputs.columns.keys()];
    const { length } = config;
    if (trainer !== WITH_ENCODER) {
      const { vocabulary, minimumCount, characters } = config;
      return {
        columns,
        steps: [{ transform: "words", config: { length, vocabulary, minimumCount, characters } }],
      };
    }
    return {
      columns,
      steps: [{ transform: "word-subwords", config: { length, ...(tokenizer ? { tokenizer } : {}) } }],
    };
  },
  outputs: ({ target, inputs, features }) => ({
    kind: "tags",
    tags: tagNames(target.labels),
    text: inputs[0]!,
    spans: features.find((name) => name.endsWith(".spans"))!,
  }),
  judge: judgeEntities,
  baseline: (train, inputs) => dictionaryAnswers(train.target, textsOf(train.inputs), textsOf(inputs)),
});

function textsOf(inputs: Frame): readonly string[] {
  const column = columnOf(inputs, [...inputs.columns.keys()][0]!);
  if (column.kind === "text") return column.values;
  throw new Error(`A text was read as ${column.kind}.`);
}

function judgeEntities(request: JudgeRequest<"tagging">): Evaluation {
  const { target, answers, baseline, resamples } = request;
  const { labels } = target;
  const count = (said: readonly unknown[]): SpanCounts[] =>
    said.map((answer, row) => countSpans(target.rows[row]!, (answer as EntitiesAnswer).entities, labels));
  const counts = count(answers);
  const ones = new Float64Array(counts.length).fill(1);
  return structureEvaluation(request, {
    metrics: tagging.metrics,
    labels,
    compute: (weights) => spanFigures(counts, weights, labels.length),
    ...(baseline ? { baseline: spanFigures(count(baseline), ones, labels.length) } : {}),
    perClass: byLabel(counts, labels),
    worst: resamples === 0 ? [] : worstTexts(request, counts),
  });
}

function byLabel(counts: readonly SpanCounts[], labels: readonly string[]): Evaluation["perClass"] {
  const ones = new Float64Array(counts.length).fill(1);
  const { right, said, known } = sumCounts(counts, ones, labels.length);
  return labels.map((label, k) =>
    figuresOfLabel(label, { right: right[k]!, said: said[k]!, known: known[k]! }),
  );
}

/** The texts with the most entities that are missed or wrong. */
function worstTexts(
  { target, answers, inputs, rowNumbers }: JudgeRequest<"tagging">,
  counts: readonly SpanCounts[],
): WorstStructure[] {
  const texts = textsOf(inputs);
  const errors = counts.map(({ right, said, known }) => sum(said) + sum(known) - 2 * sum(right));
  return worstOf(errors, WORST, (row) => ({
    row: rowNumbers[row]!,
    actual: { entities: target.rows[row]!.map((span) => entityOf(span, texts[row]!, target)) },
    predicted: { entities: (answers[row] as EntitiesAnswer).entities },
    text: texts[row]!,
  }));
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

const entityOf = ({ start, end, label }: TextSpan, text: string, { labels }: TaggingTarget): Entity => ({
  start,
  end,
  text: text.slice(start, end),
  label: labels[label]!,
  score: 1,
});
