/** The one way taggers are trained, whatever they read. */
import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import type { TokensColumn } from "../../../../foundation/contracts/frame.js";
import { takeStructures } from "../../../../foundation/contracts/structured.js";
import type { StructuredTrainingData } from "../../../../foundation/contracts/structured-trainer.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { sampledBatches } from "../batches.js";
import { type NetworkTraining, type TrainedNetwork, trainNetwork } from "../train-network.js";
import { type TagNetwork, tagValidation } from "./fitted-tagger.js";
import {
  type JudgedTexts,
  judgedTexts,
  readableRows,
  takeTokens,
  tokenColumns,
  tokenTensors,
  truePieces,
} from "./tag-columns.js";
import { tagLoss } from "./tag-head.js";

/** What a tagger learns from: the texts that can be read, with the tags of their pieces. */
export interface TaggedTexts<Part extends string> {
  readonly columns: Readonly<Record<Part | "spans", TokensColumn>>;
  readonly rows: number;
  readonly labels: number;
  /** The columns, and `truth`, int64 [rows, pieces]. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly judged: JudgedTexts | undefined;
}

/**
 * @param parts last parts of the names of the columns; `spans` is one of them
 * @throws QuernError TRAINING_FAILED naming `trainer` where no text has a word
 */
export function taggedTexts<Part extends string>(
  trainer: string,
  { train, validation }: StructuredTrainingData<"tagging">,
  parts: readonly (Part | "spans")[],
): TaggedTexts<Part> {
  const all = tokenColumns(train.features, parts);
  const rows = readableRows(all.spans, trainer);
  const columns = takeTokens(all, rows);
  const { labels, rows: truth } = takeStructures(train.target, rows);
  const shape = [rows.length, columns.spans.length / 2];
  return {
    columns,
    rows: rows.length,
    labels: labels.length,
    tensors: {
      ...tokenTensors(columns),
      truth: { type: "int64", shape, data: truePieces(truth, columns.spans) },
    },
    judged: judgedTexts(validation, parts),
  };
}

export interface TaggerTraining<Shape>
  extends Pick<
    NetworkTraining,
    "learningRate" | "steps" | "keep" | "clipNorm" | "given" | "treatment" | "stepsAtOnce" | "looks"
  > {
  readonly network: TagNetwork<Shape>;
  readonly shape: Shape;
  readonly texts: TaggedTexts<string>;
  readonly batch: number;
  readonly weightDecay: number;
}

export function trainTagger<Shape>(
  { network, shape, texts, batch, weightDecay, ...training }: TaggerTraining<Shape>,
  context: TrainingContext,
): Promise<TrainedNetwork> {
  const { tensors, judged } = texts;
  return trainNetwork(
    {
      ...training,
      batches: sampledBatches(tensors, { batch, random: context.random.fork("rows") }),
      loss: (scope, { truth, ...values }) => tagLoss(scope, network.scores(scope, shape, values), truth!),
      ...(judged ? { validation: tagValidation(network, shape, judged) } : {}),
      optimizer: adamW({ weightDecay }),
      schedule: risingCosine,
      steps: Math.min(training.steps, context.maxIterations ?? training.steps),
    },
    context,
  );
}
