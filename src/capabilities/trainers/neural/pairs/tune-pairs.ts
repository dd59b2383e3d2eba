import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import type { TokensColumn } from "../../../../foundation/contracts/frame.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { FitDiagnostics, TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { rowsByLength, takeInputs } from "../answers-by-length.js";
import { pooledTexts } from "../embeddings.js";
import { takeRange } from "../inference.js";
import { textBatches } from "../length-buckets.js";
import { diagnosticsOf } from "../network-kind.js";
import { encoderTensors } from "../text/pretrained/encoder-model.js";
import { ENCODER } from "../text/pretrained/encoder-scores.js";
import { correctedTensors, corrections, phasesOf } from "../text/pretrained/fine-tuning.js";
import { trainNetwork, type Validation } from "../train-network.js";
import { PAIR_RATES, type PairLoss, type PairTuningConfig } from "./config.js";
import { type PooledEncoder, pairVectors } from "./encoded-texts.js";
import { FIRST_TEXT, pairLoss, SCORES, SECOND_TEXT } from "./pair-loss.js";

export interface PairRows {
  readonly first: TokensColumn;
  readonly second: TokensColumn;
  /** One a row; absent: the texts of every row belong together. */
  readonly scores?: Float64Array;
}

export interface PairData {
  readonly train: PairRows;
  readonly validation?: PairRows;
  /** What is to become least, of vectors of the validation rows, row-major [rows, width]. */
  judge(first: Float32Array, second: Float32Array): number;
}

export interface TunedPairs {
  readonly encoder: PooledEncoder["encoder"];
  readonly loss: PairLoss;
  readonly diagnostics: FitDiagnostics;
}

const [FIRST, SECOND] = ["first", "second"] as const;
const CLIP_NORM = 1;
/** A step is long. */
const STEPS_AT_ONCE = 4;
const LOOKS = 5;
const JUDGED_AT_ONCE = 32;

/** The loss that `auto` stands for. */
export function resolvedLoss({ loss }: Pick<PairTuningConfig, "loss">, isScored: boolean): PairLoss {
  return loss === "auto" ? (isScored ? "ordered" : "ranked") : loss;
}

/**
 * The encoder with weights tuned on the pairs, both texts read by the same ones (Reimers and Gurevych, 2019: Sentence-BERT). Same
 * data, settings and seed: same weights. Losses with scores but `ordered` take them as they are: 0 to 1.
 * @throws QuernError TRAINING_FAILED where the loss diverges
 */
export async function tunePairs(
  source: PooledEncoder,
  { train, validation, judge }: PairData,
  config: PairTuningConfig,
  context: TrainingContext,
): Promise<TunedPairs> {
  const { architecture, tensors } = source.encoder;
  const rows = train.first.values.length / train.first.length;
  const batch = Math.min(rows, config.batchSize);
  const wanted = Math.max(config.minimumSteps, Math.round((config.epochs * rows) / batch));
  const steps = Math.min(wanted, context.maxIterations ?? wanted);
  const learningRate = config.learningRate ?? PAIR_RATES[config.tuning];
  const loss = resolvedLoss(config, train.scores !== undefined);
  const options = { dropout: config.dropout, ...corrections(config, architecture) };
  const [phase] = phasesOf({ ...config, gradual: false, headRate: null }, architecture, learningRate);
  const given = Object.entries(tensors).map(([name, tensor]) => [`${ENCODER}.${name}`, tensor]);
  const trained = await trainNetwork(
    {
      batches: textBatches(learntOf(train), {
        ...{ batch, steps, texts: [FIRST, SECOND], random: context.random.fork("rows") },
      }),
      loss: (scope, values) => {
        const texts = [values[FIRST]!, values[SECOND]!] as const;
        const vectors = pairVectors(scope.at(ENCODER), texts, source, options);
        return pairLoss(scope.x, vectors, values, loss, config);
      },
      optimizer: adamW({ weightDecay: config.weightDecay }),
      ...{ learningRate, schedule: risingCosine, steps, clipNorm: CLIP_NORM, keep: config.checkpoint },
      given: Object.fromEntries(given),
      ...(phase?.treatment ? { treatment: phase.treatment } : {}),
      ...(validation ? { validation: pairValidation(source, validation, judge, options) } : {}),
      ...{ stepsAtOnce: STEPS_AT_ONCE, looks: LOOKS },
    },
    context,
  );
  const tuned = encoderTensors(correctedTensors(trained.tensors, config));
  return {
    encoder: { architecture, tensors: { ...tensors, ...tuned } },
    loss,
    diagnostics: diagnosticsOf(trained),
  };
}

const tensorOf = ({ values: data, length }: TokensColumn): Tensor => ({
  type: "int32",
  shape: [data.length / length, length],
  data,
});

function learntOf({ first, second, scores }: PairRows): Record<string, Tensor> {
  const texts = { [FIRST]: tensorOf(first), [SECOND]: tensorOf(second) };
  if (scores) {
    return {
      ...texts,
      [SCORES]: { type: "float32", shape: [scores.length], data: Float32Array.from(scores) },
    };
  }
  return { ...texts, [FIRST_TEXT]: numbered(first), [SECOND_TEXT]: numbered(second) };
}

/** Equal texts have equal numbers: int64 [rows]. */
function numbered({ values, length }: TokensColumn): Tensor {
  const numbers = new Map<string, bigint>();
  const data = BigInt64Array.from({ length: values.length / length }, (_, row) => {
    const key = values.subarray(row * length, (row + 1) * length).join();
    const number = numbers.get(key) ?? BigInt(numbers.size);
    numbers.set(key, number);
    return number;
  });
  return { type: "int64", shape: [data.length], data };
}

/** Both texts of each validation row as vectors, short ones by short graphs. */
function pairValidation(
  { encoder: { architecture }, pooling }: PooledEncoder,
  { first, second }: PairRows,
  judge: PairData["judge"],
  options: Parameters<typeof pairVectors>[3],
): Validation {
  const { width } = architecture;
  const rows = first.values.length / first.length;
  const both = new Int32Array(first.values.length + second.values.length);
  both.set(first.values);
  both.set(second.values, first.values.length);
  const texts: Tensor = { type: "int32", shape: [2 * rows, first.length], data: both };
  const parts = rowsByLength([texts]);
  const [inputs, ...further] = parts.map(({ length }) => ({
    [FIRST]: { type: "int32" as const, shape: ["N", length] },
  }));
  return {
    ...{ inputs: inputs!, further },
    outputs: (scope, values) => ({
      vectors: pooledTexts(scope.at(ENCODER), values[FIRST]!, architecture, pooling, options),
    }),
    async judge(run) {
      const vectors = new Float32Array(2 * rows * width);
      for (const [form, part] of parts.entries()) {
        const given = takeInputs({ [FIRST]: texts }, [FIRST], part)[FIRST]!;
        for (let start = 0; start < part.rows.length; start += JUDGED_AT_ONCE) {
          const end = Math.min(part.rows.length, start + JUDGED_AT_ONCE);
          const made = (await run({ [FIRST]: takeRange(given, start, end) }, form)).vectors!
            .data as Float32Array;
          for (let row = start; row < end; row++) {
            const from = (row - start) * width;
            vectors.set(made.subarray(from, from + width), part.rows[row]! * width);
          }
        }
      }
      return judge(vectors.subarray(0, rows * width), vectors.subarray(rows * width));
    },
  };
}
