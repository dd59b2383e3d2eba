/** Two versions compared where people use them, and traffic shared by success: how they are set up and what came of them. */
import { z } from "zod";
import { fields } from "./extension.js";
import { spanSchema } from "./span.js";

/**
 * What a labelled prediction is worth, one number each, so that its mean over people can be compared.
 * `correct`: the class is right; `log-loss`: minus the logarithm of the probability of what was true;
 * `absolute-error`, `squared-error`: of numbers; `actual`: what was reported itself, a number or whether it is the
 * class aimed at, such as a sale.
 */
export const EXPERIMENT_OUTCOMES = [
  "correct",
  "log-loss",
  "absolute-error",
  "squared-error",
  "actual",
] as const;
export type ExperimentOutcome = (typeof EXPERIMENT_OUTCOMES)[number];

const outcomeShape = {
  outcome: z.enum(EXPERIMENT_OUTCOMES).register(fields, {
    title: "What is compared",
    help: "`correct` and `log-loss` of classes, `absolute-error` and `squared-error` of numbers, `actual`: what the feedback says itself.",
  }),
  class: z
    .string()
    .optional()
    .register(fields, { title: "The class that `actual` counts", help: "Default: the positive one." }),
  direction: z
    .enum(["maximize", "minimize"])
    .optional()
    .register(fields, { title: "Which way is better", help: "Default: `minimize` for losses and errors." }),
};

export const outcomeGoalSchema = z.strictObject(outcomeShape);
export type OutcomeGoal = z.output<typeof outcomeGoalSchema>;

export const outcomeGuardSchema = z.strictObject({
  ...outcomeShape,
  harm: z.number().positive().register(fields, {
    title: "What must not get worse by more than this",
    help: "In the unit of the outcome.",
  }),
});

/** Letters, digits, dots and dashes: it is written into the log. */
const idSchema = z.string().regex(/^[\w.-]{1,64}$/, "letters, digits, dots and dashes, at most 64");

/** What decides an experiment, fixed before it starts. */
export const experimentDesignSchema = z.strictObject({
  goal: outcomeGoalSchema.optional().register(fields, {
    title: "What decides",
    help: "Default: `correct` for classes, `absolute-error` for numbers.",
  }),
  guards: z.array(outcomeGuardSchema).max(10).default([]).register(fields, {
    title: "What must not be harmed",
  }),
  minimumEffect: z.number().min(0).default(0.01).register(fields, {
    title: "Smallest improvement worth a launch",
    help: "In the unit of the goal; the experiment ends when it is surely less.",
  }),
  level: z.number().gt(0).max(0.5).default(0.05).register(fields, {
    title: "Chance that a version which is no better is taken for better",
    help: "However often one looks.",
  }),
  expectedUnits: z.number().int().min(100).default(5000).register(fields, {
    title: "People at which a decision is expected",
    help: "Intervals are narrowest there.",
  }),
  shortest: spanSchema.optional().register(fields, {
    title: "No launch before",
    help: "`7d` sees each day of a week. Harm ends an experiment at any time.",
  }),
  longest: spanSchema.default("28d").register(fields, {
    title: "Given up after",
  }),
});
export type ExperimentDesign = z.output<typeof experimentDesignSchema>;

/** As a deployment carries it. */
export const experimentSchema = experimentDesignSchema.extend({
  id: idSchema,
  goal: outcomeGoalSchema,
});
export type Experiment = z.output<typeof experimentSchema>;

export const BANDIT_METHODS = ["thompson", "epsilon-greedy"] as const;

/** As a deployment carries it; its weights are the shares of the last update. */
export const banditSchema = z.strictObject({
  id: idSchema,
  method: z.enum(BANDIT_METHODS),
  /** A success is `correct`, or the class aimed at. */
  reward: outcomeGoalSchema,
  /** No version gets less. */
  leastShare: z.number().gt(0).max(0.2),
});
export type Bandit = z.output<typeof banditSchema>;

// ---- what is asked for -----------------------------------------------------------------------------------------

const reasonSchema = z.string().min(1).max(1000).describe("kept with the decision");
const versionSchema = z.string().min(1).max(200).describe("`name@2` or `name@challenger`");
export const experimentStartSchema = z.union([
  z.strictObject({
    candidate: versionSchema.describe("what the champion is compared with"),
    share: z.number().gt(0).lt(1).default(0.5).describe("of the traffic for the candidate"),
    design: experimentDesignSchema.prefault({}),
    reason: reasonSchema,
  }),
  z.strictObject({
    bandit: z.enum(BANDIT_METHODS).describe("lets the traffic follow success instead; this decides nothing"),
    models: z.array(versionSchema).min(2).max(20),
    reward: outcomeGoalSchema.optional(),
    leastShare: z.number().gt(0).max(0.2).default(0.02),
    reason: reasonSchema,
  }),
]);
export type ExperimentStart = z.output<typeof experimentStartSchema>;
export const experimentStopSchema = z.strictObject({ reason: reasonSchema });

// ---- what came of it -----------------------------------------------------------------------------------------

const figure = z.number().nullable();
const count = z.number().int().nonnegative();

export const EXPERIMENT_VERDICTS = [
  "blocked",
  "stop",
  "launch",
  "no-effect",
  "inconclusive",
  "continue",
] as const;
export type ExperimentVerdictName = (typeof EXPERIMENT_VERDICTS)[number];

const armSchema = z.strictObject({
  /** As the deployment names it. */
  model: z.string(),
  version: z.number().int().positive(),
  /** Of the traffic, 0..1. */
  share: z.number(),
  predictions: count,
  /** People, or whatever requests are made for. */
  units: count,
  /** With at least one label. */
  labelledUnits: count,
  /** Of the goal, a unit. */
  mean: figure,
});

const differenceSchema = z.strictObject({
  outcome: z.enum(EXPERIMENT_OUTCOMES),
  /** Positive is better, whatever the direction. */
  improvement: figure,
  /** Null: not bounded yet. All intervals of all looks hold together. */
  low: figure,
  high: figure,
  /** May be read at any time. */
  pValue: z.number(),
});

export const experimentStatusSchema = z.strictObject({
  id: z.string(),
  startedAt: z.number().describe("epoch milliseconds"),
  verdict: z.enum(EXPERIMENT_VERDICTS),
  reason: z.string(),
  arms: z.array(armSchema),
  /** Chance of shares so unlike the planned ones; below 0.001 the assignment is broken. */
  sampleRatio: z.number(),
  /** The same of the labelled units: labels that come for one version rather than the other. */
  labelRatio: z.number(),
  goal: differenceSchema,
  guards: z.array(differenceSchema),
  /** What the design asks for at the rate seen so far; null before there is any. */
  expected: z.strictObject({ units: count, days: z.number() }).nullable(),
});
export type ExperimentStatus = z.infer<typeof experimentStatusSchema>;

export const banditStatusSchema = z.strictObject({
  id: z.string(),
  startedAt: z.number().describe("epoch milliseconds"),
  method: z.enum(BANDIT_METHODS),
  arms: z.array(
    z.strictObject({
      model: z.string(),
      version: z.number().int().positive(),
      share: z.number(),
      successes: count,
      failures: count,
    }),
  ),
});
export type BanditStatus = z.infer<typeof banditStatusSchema>;

/** What `experiment --json` prints; scripts rely on these keys. */
export const experimentResultSchema = z.strictObject({
  model: z.string(),
  /** `none`: the traffic is not under experiment, or no longer. */
  state: z.enum(["running", "ended", "none"]),
  experiment: experimentStatusSchema.nullable(),
  bandit: banditStatusSchema.nullable(),
  /** Expected before the start, from the champion's labelled predictions of the last week; null where there are none. */
  plan: z.strictObject({ units: count, days: z.number() }).nullable(),
  /** Who leads the name now; null where nobody does. */
  champion: z.number().int().positive().nullable(),
});
export type ExperimentResult = z.infer<typeof experimentResultSchema>;

/** Of all names at once, without their figures. */
export const experimentListSchema = z.object({
  items: z.array(
    z.strictObject({
      model: z.string(),
      id: z.string(),
      kind: z.enum(["experiment", "bandit"]),
      startedAt: z.number().describe("epoch milliseconds"),
      variants: z.array(z.strictObject({ model: z.string(), weight: z.number() })),
    }),
  ),
});
export type ExperimentList = z.infer<typeof experimentListSchema>;

/** Experiments of a store, read and changed outside the process that answers: their figures take their time. */
export interface Experiments {
  list(): Promise<ExperimentList>;
  /** @throws QuernError MODEL_NOT_FOUND, CONFIG_INVALID; and, as the others, OVERLOADED */
  start(name: string, request: ExperimentStart): Promise<ExperimentResult>;
  status(name: string): Promise<ExperimentResult>;
  /** Acts on what is known now. */
  conclude(name: string): Promise<ExperimentResult>;
  stop(name: string, reason: string): Promise<ExperimentResult>;
}
