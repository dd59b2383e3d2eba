import { z } from "zod";
import { Expressions } from "../../../engines/onnx/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { MultilabelTarget } from "../../../foundation/contracts/structured.js";
import {
  defineStructuredTrainer,
  type FittedStructure,
  type StructuredRows,
  type StructuredTrainer,
} from "../../../foundation/contracts/structured-trainer.js";
import type {
  Fitted,
  LabelledFrame,
  Trainer,
  TrainingContext,
} from "../../../foundation/contracts/trainer.js";

const ID = "binary-relevance";

const binaryRelevanceConfig = z.strictObject({
  learner: z.string().default("logistic-regression").register(fields, {
    title: "Trainer of each label",
    help: "Any trainer of tables that knows two classes: logistic-regression, gbdt, random-forest, …",
  }),
  settings: z.record(z.string(), z.unknown()).default({}).register(fields, {
    title: "Settings of that trainer",
  }),
});

/** A plain value: the states of one model a label. */
interface BinaryRelevanceState {
  readonly trainer: string;
  readonly models: readonly unknown[];
}

/**
 * One model for each label, as if the others did not exist (Tsoumakas and Katakis, 2007), in one graph.
 * @param trainers that may learn a label
 */
export function createBinaryRelevance(
  trainers: readonly Trainer[],
): StructuredTrainer<"multilabel", typeof binaryRelevanceConfig, BinaryRelevanceState> {
  return defineStructuredTrainer({
    id: ID,
    version: 1,
    summary: "One model of a trainer of tables for each label (binary relevance).",
    config: binaryRelevanceConfig,
    task: "multilabel",
    estimate({ rows, threads, features, labels }, { learner, settings }) {
      const trainer = binaryTrainer(trainers, learner);
      const work = { rows, threads, features: features.columns.size, task: "binary", classes: 2 } as const;
      const { seconds, bytes } = trainer.estimate(work, settingsOf(trainer, settings));
      return { seconds: labels * seconds, bytes };
    },
    async fit({ train, validation }, { learner, settings }, context) {
      const trainer = binaryTrainer(trainers, learner);
      const config = settingsOf(trainer, settings);
      const fitted: Fitted[] = [];
      for (const [label, name] of train.target.labels.entries()) {
        context.signal.throwIfAborted();
        const data = {
          train: oneLabel(train, label),
          ...(validation ? { validation: oneLabel(validation, label) } : {}),
        };
        fitted.push(await trainer.fit(data, config, contextOf(context, name)));
        context.report({ stage: "label", done: label + 1, total: train.target.labels.length });
      }
      const state = { trainer: trainer.id, models: fitted.map((one) => one.state) };
      return fittedLabels(state, fitted);
    },
    restore(state) {
      const trainer = binaryTrainer(trainers, state.trainer);
      return fittedLabels(
        state,
        state.models.map((model) => trainer.restore(model)),
      );
    },
  });
}

/** The trainer that a configuration names. @throws QuernError CONFIG_INVALID */
function binaryTrainer(trainers: readonly Trainer[], id: string): Trainer {
  const known = trainers.filter(({ tasks, capabilities }) => {
    return tasks.includes("binary") && capabilities.features !== "encoders";
  });
  const found = known.find((trainer) => trainer.id === id);
  if (found) return found;
  throw new QuernError("CONFIG_INVALID", `${ID} has no trainer ${JSON.stringify(id)} for two classes.`, {
    details: { trainer: ID, key: "learner" },
    hint: `It may be ${known.map((trainer) => trainer.id).join(", ")}.`,
  });
}

/** @throws QuernError CONFIG_INVALID */
function settingsOf(
  { id, config }: Trainer,
  settings: Readonly<Record<string, unknown>>,
): z.infer<z.ZodObject> {
  const parsed = config.safeParse(settings);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new QuernError("CONFIG_INVALID", `${ID}: settings of ${id}: ${[...path, message].join(": ")}.`, {
    details: { trainer: ID, key: "settings" },
  });
}

/** A stream, and checkpoints, of its own: labels that come or go change no other. */
function contextOf(context: TrainingContext, label: string): TrainingContext {
  const { checkpoints: _, ...rest } = context;
  return { ...rest, random: context.random.fork(`label/${label}`), report: () => undefined };
}

function oneLabel({ features, target }: StructuredRows<"multilabel">, label: number): LabelledFrame {
  const codes = Int32Array.from((target as MultilabelTarget).rows, (held) => (held.includes(label) ? 1 : 0));
  return { features, target: { task: "binary", codes, classes: ["0", "1"] } };
}

function fittedLabels(
  state: BinaryRelevanceState,
  fitted: readonly Fitted[],
): FittedStructure<BinaryRelevanceState> {
  const labels = fitted.length;
  return {
    state,
    diagnostics: { size: { models: labels } },
    predict(features) {
      const data = new Float32Array(features.rows * labels);
      for (const [label, one] of fitted.entries()) {
        const { values } = one.predict(features);
        for (let row = 0; row < features.rows; row++) data[row * labels + label] = values[2 * row + 1]!;
      }
      return { probabilities: { type: "float32", shape: [features.rows, labels], data } };
    },
    emit(graph, columns) {
      const x = new Expressions(graph);
      const held = fitted.map((one) => x.split(one.emit(graph, columns), [1, 1], 1)[1]!);
      return { probabilities: x.concat(held, 1) };
    },
  };
}
