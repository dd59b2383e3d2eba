/** What a network learns of the training texts before it looks at the target. */
import { adamW, crossEntropy, risingCosine } from "../../../../engines/autodiff/index.js";
import type { Random } from "../../../../foundation/base/random.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../../numeric/pace.js";
import type { NetworkTensor, NetworkTensors } from "../inference.js";
import { zeros } from "../initializers.js";
import { dense } from "../layers/dense.js";
import { tiedScores } from "../layers/embedding.js";
import { lastSize, sizeAt } from "../layers/sizes.js";
import { textBatches } from "../length-buckets.js";
import type { Scope, Values } from "../scope.js";
import { trainNetwork } from "../train-network.js";
import type { TextNetworkConfig } from "./config.js";
import { cooccurrenceVectors } from "./cooccurrence-vectors.js";
import { encodedPlaces, presence, readsInSequence } from "./encoders.js";
import { textName } from "./text-columns.js";
import type { TextShape } from "./text-network.js";

/** First values of parameters that are not drawn. */
export async function pretrain(
  shape: TextShape,
  config: TextNetworkConfig,
  tensors: Readonly<Record<string, Tensor>>,
  context: TrainingContext,
): Promise<NetworkTensors> {
  const given: Record<string, NetworkTensor> = {};
  for (const [k, { vocabulary }] of shape.inputs.texts.entries()) {
    if (config.initialVectors === "random") continue;
    const values = await cooccurrenceVectors(tensors[textName(k)]!, {
      ...{ vocabulary, width: shape.width },
      random: context.random.fork(`vectors/${k}`),
      checkpoint: createCheckpoint(context, "vectors", 1),
    });
    given[`${textName(k)}.pieces.weight`] = { shape: [vocabulary, shape.width], values };
  }
  if (config.pretrainingEpochs === 0 || !readsInSequence(shape.architecture)) return given;
  for (const k of shape.inputs.texts.keys()) {
    Object.assign(given, await learnHiddenPieces({ shape, text: k, given }, config, tensors, context));
  }
  return given;
}

const [TOKENS, HIDDEN, PLACES, ANSWERS] = ["tokens", "hidden", "places", "answers"] as const;
/** Share of pieces that are hidden (Devlin et al., 2019). */
const HIDDEN_SHARE = 0.15;
/** Of each text, so that it takes other hidden pieces. */
const MOST_HIDDEN = 16;
const COPIES = 4;

interface HiddenPieces {
  readonly shape: TextShape;
  readonly text: number;
  readonly given: NetworkTensors;
}

async function learnHiddenPieces(
  { shape, text, given }: HiddenPieces,
  { learningRate, weightDecay, batchSize, pretrainingEpochs }: TextNetworkConfig,
  tensors: Readonly<Record<string, Tensor>>,
  context: TrainingContext,
): Promise<NetworkTensors> {
  const tokens = tensors[textName(text)]!;
  const rows = tokens.shape[0]!;
  const batch = Math.min(batchSize, rows);
  const steps = Math.max(1, Math.round((pretrainingEpochs * rows) / batch));
  const name = textName(text);
  const random = context.random.fork(`hidden/${text}`);
  const trained = await trainNetwork(
    {
      batches: textBatches(hiddenRows(tokens, shape.length, random), {
        ...{ batch, steps, texts: [TOKENS, HIDDEN], random: random.fork("rows") },
      }),
      loss: (scope, values) => hiddenLoss(scope, shape, text, values),
      optimizer: adamW({ weightDecay }),
      learningRate,
      schedule: risingCosine,
      steps,
      clipNorm: 1,
      given,
    },
    { ...context, ...ownCheckpoints(context, text), random: random.fork("training") },
  );
  return Object.fromEntries(Object.entries(trained.tensors).filter(([key]) => key.startsWith(`${name}.`)));
}

/** A training of its own, beside that of the whole network. */
function ownCheckpoints(
  { checkpoints }: TrainingContext,
  text: number,
): Pick<TrainingContext, "checkpoints"> {
  if (!checkpoints) return {};
  const part = `hidden-pieces-${text}`;
  const { folder, identity } = checkpoints;
  return { checkpoints: { ...checkpoints, folder: `${folder}/${part}`, identity: `${identity}/${part}` } };
}

/** Every text several times, with other pieces hidden. */
function hiddenRows({ shape, data }: Tensor, most: number, random: Random): Record<string, Tensor> {
  const [rows, length] = shape as [number, number];
  const all = rows * COPIES;
  const tokens = new Int32Array(all * length);
  const hidden = new Int32Array(all * length);
  const places = new BigInt64Array(all * MOST_HIDDEN);
  const answers = new BigInt64Array(all * MOST_HIDDEN).fill(-1n);
  for (let row = 0; row < all; row++) {
    const ids = (data as Int32Array).subarray((row % rows) * length, ((row % rows) + 1) * length);
    tokens.set(ids, row * length);
    let end = Math.min(most, length);
    while (end > 0 && ids[end - 1] === 0) end--;
    const count = Math.min(MOST_HIDDEN, Math.max(end > 1 ? 1 : 0, Math.round(HIDDEN_SHARE * end)));
    for (const [k, place] of random.permutation(end).subarray(0, count).entries()) {
      hidden[row * length + place] = 1;
      places[row * MOST_HIDDEN + k] = BigInt(place);
      answers[row * MOST_HIDDEN + k] = BigInt(ids[place]!);
    }
  }
  return {
    [TOKENS]: { type: "int32", shape: [all, length], data: tokens },
    [HIDDEN]: { type: "int32", shape: [all, length], data: hidden },
    [PLACES]: { type: "int64", shape: [all, MOST_HIDDEN], data: places },
    [ANSWERS]: { type: "int64", shape: [all, MOST_HIDDEN], data: answers },
  };
}

/** Mean cross-entropy of the hidden pieces, by the vectors of the pieces themselves. */
function hiddenLoss(scope: Scope, shape: TextShape, text: number, values: Values): GraphValue {
  const { x } = scope;
  const { length, vocabulary } = shape.inputs.texts[text]!;
  const { width } = shape;
  const read = Math.min(shape.length, sizeAt(values[TOKENS]!, 1));
  const first = (value: GraphValue) =>
    sizeAt(value, 1) > read ? x.split(value, [read, sizeAt(value, 1) - read], 1)[0]! : value;
  const tokens = first(values[TOKENS]!);
  const present = presence(scope, tokens);
  const seen = x.sub(present, cast(x.graph, first(values[HIDDEN]!), "float32"));
  const inside = scope.at(textName(text));
  const states = encodedPlaces(inside, { tokens, present, seen }, shape, { length, vocabulary })!;
  const rows = sizeAt(tokens, 0);
  const starts = x.graph.constant(
    "int64",
    [rows, 1],
    BigInt64Array.from({ length: rows }, (_, row) => BigInt(row * read)),
  );
  const flat = x.reshape(states, [rows * read, lastSize(states)]);
  const asked = x.gather(flat, x.reshape(x.add(values[PLACES]!, starts), [rows * MOST_HIDDEN]));
  const guess = dense(scope.at("guess"), asked, width);
  const bias = scope.at("guess").parameter("pieces", [vocabulary], zeros, { decayFactor: 0 });
  const scores = x.add(tiedScores(inside.at("pieces"), guess, { vocabulary, width }), bias);
  const answers = x.reshape(values[ANSWERS]!, [rows * MOST_HIDDEN]);
  const asks = cast(x.graph, x.greater(answers, -1), "float32");
  const losses = x.mul(crossEntropy(x, scores, x.max(answers, 0)), asks);
  return x.div(x.sum(losses), x.max(x.sum(asks), 1));
}
