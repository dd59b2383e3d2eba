import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import { featureViews } from "../../../../foundation/contracts/feature-matrix.js";
import type { Fitted, TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { trainingDesign } from "../../numeric/design.js";
import { mixedBatches } from "../augmentation/mixup.js";
import { sampledBatches } from "../batches.js";
import { trainingLength } from "../config.js";
import { diagnosticsOf, fittedNetwork, type NetworkState } from "../network-kind.js";
import { objectiveOf } from "../network-loss.js";
import { learnedTensors, type NetworkData, type NetworkRows, outcomeOf, outputsFor } from "../outcome.js";
import { TABLE, tableTensor } from "../table-input.js";
import { trainNetwork } from "../train-network.js";
import type { FtTransformerConfig } from "./config.js";
import { TOKEN_NETWORK, type TokenShape } from "./token-network.js";

const CLIP_NORM = 1;

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitTokenNetwork(
  trainer: string,
  { train, validation }: NetworkData,
  config: FtTransformerConfig,
  context: TrainingContext,
): Promise<Fitted<NetworkState<TokenShape>>> {
  const design = trainingDesign(train.features, trainer);
  const outcome = outcomeOf(train.target, train.weights);
  const shape = shapeOf(config, train);
  const { batch, steps } = trainingLength(config, design.rows);
  const learnt = { [TABLE]: tableTensor(design), ...learnedTensors(train, outcome) };
  const rows = sampledBatches(learnt, { batch, random: context.random.fork("rows") });
  const trained = await trainNetwork(
    {
      batches: mixedBatches(rows, config.mixup, context.random.fork("mixup")),
      ...objectiveOf(TOKEN_NETWORK, { shape, outcome, validation, labelSmoothing: config.labelSmoothing }),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      patience: config.patience,
    },
    context,
  );
  const diagnostics = diagnosticsOf(trained);
  return fittedNetwork(TOKEN_NETWORK, { shape, tensors: trained.tensors, outcome, diagnostics });
}

/** Numbers of more than two values get a periodic embedding, where the configuration wants any. */
function shapeOf(config: FtTransformerConfig, { features, target }: NetworkRows): TokenShape {
  const views = featureViews(features);
  const positions = (wanted: (view: (typeof views)[number]) => boolean): Int32Array =>
    Int32Array.from(views.flatMap((view, position) => (wanted(view) ? [position] : [])));
  const isPeriodic = ({ values, stride, categories }: (typeof views)[number]): boolean =>
    config.embedding === "periodic" && stride === 1 && !categories && new Set(values).size > 2;
  const codes = positions(({ categories }) => categories !== undefined);
  const { heads, blocks, hiddenFactor, frequencies, frequencyScale, dropout, attentionDropout } = config;
  const width = config.width * heads;
  return {
    features: views.length,
    periodic: positions(isPeriodic),
    linear: positions((view) => !view.categories && !isPeriodic(view)),
    codes,
    codeCounts: codes.map((position) => views[position]!.categories!.length),
    ...{ width, heads, blocks, frequencies, frequencyScale, dropout, attentionDropout },
    hiddenWidth: Math.max(1, Math.round(width * hiddenFactor)),
    outputs: outputsFor(target),
  };
}
