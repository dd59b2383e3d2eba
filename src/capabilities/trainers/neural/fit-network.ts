import {
  adamW,
  constant,
  cosine,
  coslog4,
  createTraining,
  oneCycle,
  type Schedule,
  type Training,
} from "../../../engines/autodiff/index.js";
import type { Random } from "../../../foundation/base/random.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type {
  FitDiagnostics,
  Fitted,
  LabelledFrame,
  TrainingContext,
  TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../numeric/pace.js";
import type { NeuralConfig } from "./config.js";
import { createParameters, isSeparate, networkSize } from "./network.js";
import { lossOf } from "./network-loss.js";
import { type NetworkState, type NetworkTensor, restoreNetwork } from "./network-model.js";
import { type NetworkPlan, planNetwork, truthOf } from "./network-plan.js";
import { createRowStream, type RowStream } from "./row-stream.js";
import { type Judge, openJudge } from "./validation-judge.js";

const SCHEDULES: Readonly<Record<NeuralConfig["schedule"], Schedule>> = {
  cosine,
  coslog4,
  "one-cycle": oneCycle(),
  constant,
};
/** Times a training looks at its validation rows. */
const EVALUATIONS = 20;
/** Steps between two looks at the signal that stops the training; results do not depend on it. */
const STEPS_AT_ONCE = 32;

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitNetwork(
  trainer: string,
  { train, validation }: TrainingData,
  config: NeuralConfig,
  context: TrainingContext,
): Promise<Fitted<NetworkState>> {
  const plan = planNetwork(trainer, train, config, context);
  const training = await openTraining(plan, train, context.random);
  let judge: Judge | undefined;
  try {
    judge = validation && (await openJudge(plan, training, validation));
    const { curves, best } = await runSteps(plan, training, judge, context);
    const kept = best ?? { parameters: training.parameters(), step: plan.steps };
    const parameters = Object.fromEntries(
      training.layout.shapes().map(([name, shape]): [string, NetworkTensor] => {
        return [name, { shape, values: kept.parameters.get(name)! }];
      }),
    );
    const diagnostics: FitDiagnostics = {
      importance: {},
      curves,
      iterations: plan.steps,
      bestIteration: kept.step,
      size: { parameters: networkSize(plan.shape), members: plan.shape.members },
    };
    return restoreNetwork({ shape: plan.shape, parameters, outcome: plan.outcome, diagnostics });
  } finally {
    await judge?.close();
    await training.close();
  }
}

function openTraining(
  plan: NetworkPlan,
  { target, weights }: LabelledFrame,
  random: Random,
): Promise<Training> {
  const { shape, config, design, batch, pool } = plan;
  const rows = isSeparate(shape) ? [shape.members, batch] : [batch];
  const shared: Record<string, Tensor> = {
    features: { type: "float32", shape: [design.rows, design.width], data: design.values },
    truth: truthOf(target, plan.outcome),
  };
  if (weights) {
    const mean = weightedMean(weights.length, undefined, (row) => weights[row]!);
    const data = Float32Array.from(weights, (weight) => weight / mean);
    shared.weights = { type: "float32", shape: [weights.length], data };
  }
  if (pool) shared.pool = { type: "float32", shape: [pool.values.length], data: pool.values };
  return createTraining({
    parameters: createParameters(shape, config.frequencyScale, random.fork("parameters")),
    shared,
    perStep: {
      rows: { type: "int64", shape: rows },
      ...(pool ? { windows: { type: "int64", shape: [config.hiddenLayers] } } : {}),
    },
    loss: (step) => lossOf(step, plan, weights !== undefined),
    optimizer: adamW({ weightDecay: config.weightDecay }),
  });
}

interface Best {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly step: number;
}

async function runSteps(
  plan: NetworkPlan,
  training: Training,
  judge: Judge | undefined,
  context: TrainingContext,
): Promise<{ curves: Record<string, number[]>; best: Best | undefined }> {
  const { steps, config } = plan;
  const checkpoint = createCheckpoint(context, "train", steps);
  const stream = createRowStream(
    plan.design.rows,
    plan.batch,
    isSeparate(plan.shape) ? plan.shape.members : 1,
    context.random.fork("rows"),
  );
  const windows = context.random.fork("windows");
  const interval = Math.max(1, Math.ceil(steps / EVALUATIONS));
  const curves: Record<string, number[]> = { trainLoss: [], ...(judge ? { validationLoss: [] } : {}) };
  let [best, least, sum]: [Best | undefined, number, number] = [undefined, Number.POSITIVE_INFINITY, 0];
  for (let done = 0; done < steps; ) {
    await checkpoint(done);
    const stop = Math.min(steps, Math.ceil((done + 1) / interval) * interval);
    const count = Math.min(STEPS_AT_ONCE, stop - done);
    const rates = Float64Array.from({ length: count }, (_, k) => {
      return config.learningRate * SCHEDULES[config.schedule](done + k, steps);
    });
    const losses = await training.run(rates, stepInputs(plan, count, stream, windows));
    sum += losses.reduce((total, loss) => total + loss, 0) / plan.shape.members;
    done += count;
    if (done < stop) continue;
    curves.trainLoss!.push(sum / (((done - 1) % interval) + 1));
    sum = 0;
    if (!judge) continue;
    const loss = await judge.loss();
    curves.validationLoss!.push(loss);
    if (config.checkpoint === "last" || !(loss < least)) continue;
    least = loss;
    best = { parameters: training.parameters(), step: done };
  }
  return { curves, best };
}

function stepInputs(
  { config, pool }: NetworkPlan,
  count: number,
  stream: RowStream,
  windows: Random,
): Record<string, BigInt64Array> {
  const rows = stream.next(count);
  return pool ? { rows, windows: pool.starts(count * config.hiddenLayers, windows) } : { rows };
}
