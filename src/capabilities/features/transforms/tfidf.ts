import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { createFrame, type TextColumn, type VectorColumn } from "../../../foundation/contracts/frame.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { compareText } from "../shared/categories.js";
import { int64Vector, rowConstant, where } from "../shared/emission.js";

const gram = z.number().int().min(1).max(8);
const config = z.strictObject({
  minimumGram: gram.default(1).register(fields, { title: "Shortest n-gram", unit: "tokens" }),
  maximumGram: gram.default(1).register(fields, {
    title: "Longest n-gram",
    unit: "tokens",
    tune: { choices: [1, 2] },
  }),
  maximumFeatures: z
    .number()
    .int()
    .min(1)
    .default(5000)
    .register(fields, { title: "Most terms", help: "The terms that occur most are kept." }),
  minimumDocuments: z
    .number()
    .int()
    .min(1)
    .default(1)
    .register(fields, { title: "Fewest texts", unit: "rows", help: "Terms in fewer texts are dropped." }),
  maximumShare: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .register(fields, { title: "Largest share", help: "Terms in a larger share of the texts are dropped." }),
  sublinear: z
    .boolean()
    .default(false)
    .register(fields, { title: "Sublinear", help: "Uses 1 + log(count) instead of the count." }),
  inverseFrequency: z
    .boolean()
    .default(true)
    .register(fields, { title: "Inverse document frequency", help: "Weighs rare terms more." }),
  normalize: z
    .boolean()
    .default(true)
    .register(fields, { title: "Normalise", help: "Gives each text length 1." }),
});
type Config = z.infer<typeof config>;

interface Vocabulary {
  /** Terms: tokens joined by spaces; shorter n-grams first, then in code unit order. */
  readonly terms: readonly string[];
  /** Inverse document frequency, or 1. */
  readonly weights: Float32Array;
}
interface TfidfState {
  readonly minimumGram: number;
  readonly maximumGram: number;
  readonly sublinear: boolean;
  readonly normalize: boolean;
  readonly columns: readonly Vocabulary[];
}

/**
 * Term weights of token n-grams: count * (log((1 + texts) / (1 + texts with the term)) + 1), each text scaled
 * to length 1, as scikit-learn's TfidfVectorizer. Takes tokens joined by single spaces (`tokens`).
 */
export const tfidf = defineTransform<typeof config, TfidfState>({
  id: "tfidf",
  version: 1,
  summary: "Weights of the words, characters or their n-grams in a text (TF-IDF).",
  config,
  accepts: ["text"],
  fit: (frame, settings) => ({
    minimumGram: Math.min(settings.minimumGram, settings.maximumGram),
    maximumGram: settings.maximumGram,
    sublinear: settings.sublinear,
    normalize: settings.normalize,
    columns: [...frame.columns.values()].map((column) => learn(column as TextColumn, settings)),
  }),
  apply(frame, state) {
    const weighted = [...frame.columns].flatMap(([name, column], k) => {
      const vocabulary = state.columns[k]!;
      if (vocabulary.terms.length === 0) return [];
      return [[name, weigh(name, column as TextColumn, vocabulary, state)] as const];
    });
    return createFrame(weighted, frame.rows);
  },
  emit: (graph, inputs, state) =>
    inputs.flatMap((input, k) => {
      const vocabulary = state.columns[k]!;
      if (vocabulary.terms.length === 0) return [];
      const value = emitWeights(graph, input.value, vocabulary, state);
      return [{ name: input.name, kind: "vector" as const, value }];
    }),
});

/** Every n-gram of the text; those with an empty token (a doubled space) are no terms. */
function* termsOf(text: string, minimumGram: number, maximumGram: number): Generator<string> {
  const tokens = text.split(" ");
  for (let start = 0; start < tokens.length; start++) {
    let term = "";
    for (let length = 1; length <= maximumGram && start + length <= tokens.length; length++) {
      const token = tokens[start + length - 1]!;
      if (token === "") break;
      term = length === 1 ? token : `${term} ${token}`;
      if (length >= minimumGram) yield term;
    }
  }
}

const gramLength = (term: string): number => term.split(" ").length;

function learn({ values }: TextColumn, settings: Config): Vocabulary {
  const { maximumGram, minimumDocuments, maximumShare, maximumFeatures } = settings;
  const minimumGram = Math.min(settings.minimumGram, maximumGram);
  const found = new Map<string, { count: number; documents: number; last: number }>();
  for (const [row, text] of values.entries()) {
    for (const term of termsOf(text, minimumGram, maximumGram)) {
      const entry = found.get(term);
      if (!entry) found.set(term, { count: 1, documents: 1, last: row });
      else {
        entry.count++;
        if (entry.last !== row) entry.documents++;
        entry.last = row;
      }
    }
  }
  const most = maximumShare * values.length;
  const kept = [...found].filter(([, { documents }]) => documents >= minimumDocuments && documents <= most);
  kept.sort(([a, x], [b, y]) => y.count - x.count || compareText(a, b));
  const chosen = kept.slice(0, maximumFeatures);
  chosen.sort(([a], [b]) => gramLength(a) - gramLength(b) || compareText(a, b));
  const weight = (documents: number) =>
    settings.inverseFrequency ? Math.log((1 + values.length) / (1 + documents)) + 1 : 1;
  return {
    terms: chosen.map(([term]) => term),
    weights: Float32Array.from(chosen, ([, { documents }]) => weight(documents)),
  };
}

function weigh(
  name: string,
  column: TextColumn,
  { terms, weights }: Vocabulary,
  { minimumGram, maximumGram, sublinear, normalize }: TfidfState,
): VectorColumn {
  const index = new Map(terms.map((term, position) => [term, position]));
  const width = terms.length;
  const values = new Float32Array(column.values.length * width);
  for (const [row, text] of column.values.entries()) {
    const own = values.subarray(row * width, (row + 1) * width);
    const touched = new Set<number>();
    for (const term of termsOf(text, minimumGram, maximumGram)) {
      const position = index.get(term);
      if (position === undefined) continue;
      own[position]!++;
      touched.add(position);
    }
    let squares = 0;
    for (const position of touched) {
      const count = own[position]!;
      own[position] = (sublinear ? 1 + Math.log(count) : count) * weights[position]!;
      squares += own[position]! ** 2;
    }
    if (!normalize || squares === 0) continue;
    const length = Math.sqrt(squares);
    for (const position of touched) own[position]! /= length;
  }
  return { kind: "vector", values, width, names: terms.map((term) => `${name}:${term}`) };
}

function emitWeights(
  graph: GraphBuilder,
  text: GraphValue,
  { terms, weights }: Vocabulary,
  { minimumGram, maximumGram, sublinear, normalize }: TfidfState,
): GraphValue {
  const width = terms.length;
  const split = graph.node("StringSplit", [text], { attributes: { delimiter: { string: " " } } });
  const tokens = graph.op("Squeeze", [split[0]!, int64Vector(graph, [1])]);
  // The pool lists all 1-grams, then all 2-grams, …; `starts` says where each length begins.
  const lengths = terms.map(gramLength);
  const pool = terms.flatMap((term) => term.split(" "));
  const starts = Array.from({ length: maximumGram }, (_, index) =>
    lengths.reduce((sum, length) => (length <= index ? sum + length : sum), 0),
  );
  const counts = graph.op("TfIdfVectorizer", [tokens], {
    attributes: {
      mode: { string: "TF" },
      min_gram_length: { int: minimumGram },
      max_gram_length: { int: maximumGram },
      max_skip_count: { int: 0 },
      ngram_counts: { ints: starts },
      ngram_indexes: { ints: terms.map((_, index) => index) },
      pool_strings: { strings: pool },
    },
  });
  const one = graph.scalar(1);
  const zero = graph.scalar(0);
  const isPresent = graph.op("Greater", [counts, zero]);
  const amounts = sublinear
    ? where(graph, isPresent, graph.op("Add", [one, graph.op("Log", [graph.op("Max", [counts, one])])]), zero)
    : counts;
  const weighted = graph.op("Mul", [amounts, rowConstant(graph, weights, "float32")]);
  const result = normalize ? unitLength(graph, weighted) : weighted;
  return graph.op("Reshape", [result, int64Vector(graph, [-1, width])]);
}

function unitLength(graph: GraphBuilder, rows: GraphValue): GraphValue {
  const length = graph.op("ReduceL2", [rows, int64Vector(graph, [1])]);
  const isEmpty = graph.op("Equal", [length, graph.scalar(0)]);
  return graph.op("Div", [rows, where(graph, isEmpty, graph.scalar(1), length)]);
}
