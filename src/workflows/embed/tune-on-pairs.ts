/** A text encoder tuned on pairs of a file, and what its vectors were worth before and after. */

import { join } from "node:path";
import { givenSubwords, subwords } from "../../capabilities/features/index.js";
import { cosinesOf, retrievalFigures, type VectorPairs } from "../../capabilities/similarity/pair-figures.js";
import { type PairTuningConfig, pairTuningConfig } from "../../capabilities/trainers/neural/pairs/config.js";
import { type PooledEncoder, vectorsOf } from "../../capabilities/trainers/neural/pairs/encoded-texts.js";
import {
  type PairRows,
  resolvedLoss,
  tunePairs,
} from "../../capabilities/trainers/neural/pairs/tune-pairs.js";
import { checkVocabulary } from "../../capabilities/trainers/neural/text/pretrained/open-encoder.js";
import { spearman } from "../../foundation/base/correlation.js";
import { QuernError } from "../../foundation/base/errors.js";
import { gather } from "../../foundation/base/gather.js";
import { hashValue } from "../../foundation/base/hash.js";
import { createRandom } from "../../foundation/base/random.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { createFrame, type TokensColumn } from "../../foundation/contracts/frame.js";
import type { TrainingContext } from "../../foundation/contracts/trainer.js";
import { throwIfAborted, type WorkflowContext } from "../context.js";
import { CACHE_FOLDER, type OpenCheckpoints, openCheckpoints } from "../fitting/fit-step.js";
import { dividePairs, type PairColumns, readPairs, type TextPairs, textNumbers } from "./read-pairs.js";

export interface PairsRequest extends PairColumns {
  /** A file of pairs. */
  readonly source: string;
  /** What differs from the defaults of `pairTuningConfig`. */
  readonly settings?: { readonly [Key in keyof PairTuningConfig]?: PairTuningConfig[Key] | undefined };
  readonly seed?: number;
}

/** By name: `spearman` of pairs with scores; `recallAt1`, `recallAt5`, `recallAt10`, `meanReciprocalRank` of pairs without. */
export type PairFigures = Readonly<Record<string, number>>;

export interface TuningReport {
  readonly columns: TextPairs["columns"];
  readonly loss: string;
  readonly rows: {
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly dropped: number;
  };
  /** On the test rows, of the encoder as it came and as it was tuned. */
  readonly before: PairFigures;
  readonly after: PairFigures;
}

export interface TuningSource extends PooledEncoder {
  readonly tokenizer: string;
  /** Pieces read of a text. */
  readonly length: number;
  /** SHA-256 of what the encoder is. */
  readonly content: string;
}

/** Raised whenever the same pairs and settings would give other weights. */
const VERSION = 1;

export interface TunedOnPairs extends Pick<OpenCheckpoints, "forget"> {
  readonly encoder: PooledEncoder["encoder"];
  readonly report: TuningReport;
}

/** @throws QuernError USAGE for a loss that the pairs do not suit; DATA_TOO_FEW_ROWS; what reading and training throw */
export async function tuneOnPairs(
  source: TuningSource,
  request: PairsRequest,
  store: string,
  context: WorkflowContext,
  allowHost: readonly string[],
): Promise<TunedOnPairs> {
  const given = Object.entries(request.settings ?? {}).filter(([, value]) => value !== undefined);
  const config = pairTuningConfig.parse(Object.fromEntries(given));
  const seed = request.seed ?? 0;
  const pairs = await readPairs(request.source, request, context, allowHost);
  const loss = resolvedLoss(config, pairs.scores !== undefined);
  const scores = learntScores(pairs, loss);
  const parts = dividePairs(pairs, createRandom(seed).fork("split"));
  const rowsOf = (rows: Int32Array) => tokenized(source, pairs, scores, rows);
  const [train, validation, test] = [rowsOf(parts.train), rowsOf(parts.validation), rowsOf(parts.test)];
  checkVocabulary("embed", train.first.vocabulary, source.encoder);
  const figures = (rows: Int32Array, vectors: VectorPairs) => pairFigures(pairs, rows, vectors);
  const identity = {
    ...{ id: "embed/pairs", version: VERSION, config, seed, environment: { quern: QUERN_VERSION } },
    inputs: {
      encoder: hashValue([source.content, source.pooling]),
      pairs: hashValue({ ...pairs, length: source.length }),
    },
  };
  const before = figures(parts.test, vectorPairs(source, test));
  const { checkpoints, forget } = openCheckpoints({ store }, identity);
  const tuned = await tunePairs(
    source,
    {
      ...{ train, validation },
      judge: (first, second) => {
        const { width } = source.encoder.architecture;
        const made = figures(parts.validation, {
          first: { values: first, width },
          second: { values: second, width },
        });
        return 1 - (made.spearman ?? made.meanReciprocalRank ?? 0);
      },
    },
    config,
    trainingContext(context, { seed, store, checkpoints }),
  );
  throwIfAborted(context.signal);
  const after = figures(parts.test, vectorPairs({ ...source, encoder: tuned.encoder }, test));
  const { train: learnt, validation: chosen, test: judged } = parts;
  const rows = {
    train: learnt.length,
    validation: chosen.length,
    test: judged.length,
    dropped: pairs.dropped,
  };
  return { forget, encoder: tuned.encoder, report: { columns: pairs.columns, loss, rows, before, after } };
}

/** Scores as the loss takes them. */
function learntScores({ scores, columns }: TextPairs, loss: string): Float64Array | undefined {
  if (!scores) {
    if (loss === "ranked") return undefined;
    throw new QuernError("USAGE", `The loss ${loss} needs a score for each pair.`, {
      hint: "Name the column of scores with --score, or learn with --loss ranked, which takes every pair as belonging together.",
    });
  }
  const named = JSON.stringify(columns.score);
  if (loss === "ranked") {
    throw new QuernError(
      "USAGE",
      `The loss ranked takes every pair as belonging together, but the pairs have scores (${named}).`,
      {
        hint: "Give a file without that column and without pairs that do not belong together, or another --loss.",
      },
    );
  }
  if (loss === "ordered") return scores;
  const [low, high] = [scores.reduce((a, b) => Math.min(a, b)), scores.reduce((a, b) => Math.max(a, b))];
  if (low === high) throw new QuernError("TARGET_UNUSABLE", `All scores (${named}) are ${low}.`);
  const shares = scores.map((score) => (score - low) / (high - low));
  if (loss === "contrastive" && shares.some((share) => share !== 0 && share !== 1)) {
    throw new QuernError("USAGE", `The loss contrastive needs scores of two values; ${named} has more.`, {
      hint: "Use --loss ordered or --loss cosine for scores between.",
    });
  }
  return shares;
}

function tokenized(
  { tokenizer, length }: TuningSource,
  pairs: TextPairs,
  scores: Float64Array | undefined,
  rows: Int32Array,
): PairRows {
  const state = givenSubwords(tokenizer, length);
  const texts = (values: readonly string[]) => {
    const frame = createFrame([["text", { kind: "text", values: Array.from(rows, (row) => values[row]!) }]]);
    return subwords.apply(frame, state).columns.get("text") as TokensColumn;
  };
  return {
    ...{ first: texts(pairs.first), second: texts(pairs.second) },
    ...(scores ? { scores: gather(scores, rows) } : {}),
  };
}

function vectorPairs(source: PooledEncoder, { first, second }: PairRows): VectorPairs {
  const { width } = source.encoder.architecture;
  const vectors = ({ values: data, length }: TokensColumn) => ({
    values: vectorsOf(source, { type: "int32", shape: [data.length / length, length], data }),
    width,
  });
  return { first: vectors(first), second: vectors(second) };
}

function pairFigures(pairs: TextPairs, rows: Int32Array, vectors: VectorPairs): PairFigures {
  const { scores } = pairs;
  const taken = (texts: readonly string[]) => textNumbers(Array.from(rows, (row) => texts[row]!));
  if (!scores) return { ...retrievalFigures(vectors, taken(pairs.first), taken(pairs.second)) };
  const correlation = spearman(
    cosinesOf(vectors),
    Array.from(rows, (row) => scores[row]!),
  );
  return { spearman: Number.isFinite(correlation) ? correlation : 0 };
}

function trainingContext(
  { signal, clock, logger, threads, onEvent }: WorkflowContext,
  {
    seed,
    store,
    checkpoints,
  }: { seed: number; store: string } & Required<Pick<TrainingContext, "checkpoints">>,
): TrainingContext {
  return {
    ...{ signal, clock, logger, threads, checkpoints, random: createRandom(seed).fork("pairs") },
    cacheFolder: join(store, CACHE_FOLDER),
    report: ({ stage, done, total }) =>
      onEvent({ run: "", stage, detail: "pairs", done, total, elapsedMs: clock.elapsed() }),
  };
}
