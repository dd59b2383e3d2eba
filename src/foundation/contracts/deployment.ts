/** How the requests for one model name are spread over versions. */
import { z } from "zod";
import { banditSchema, experimentSchema } from "./experiment.js";

const reference = z
  .string()
  .regex(/^[^@\s]+@[^@\s]+$/, "name a version or an alias: name@3, name@challenger");

const variantSchema = z.strictObject({
  model: reference,
  /** Its share is its part of the sum of all weights. */
  weight: z.number().min(0).max(1e6),
});

/** Moves traffic from the first variant to the second in steps, and back at once when the second does worse. */
export const canarySchema = z.strictObject({
  /** Percent of the requests that the second variant gets, step by step. */
  steps: z.array(z.number().min(0).max(100)).min(1).max(20).default([5, 25, 50, 100]),
  /** Seconds at one step, at least. */
  stepSeconds: z.number().min(0.1).max(604_800).default(60),
  /** Requests that the second variant answers at one step, at least. */
  minimumRequests: z.number().int().min(1).default(100),
  /** Share of its requests that may fail, 0..1. */
  maximumErrorRate: z.number().min(0).max(1).default(0.01),
  /** Its p99 latency over that of the first variant. */
  maximumLatencyRatio: z.number().min(1).default(2),
  /**
   * How far apart the distributions of both variants' answers may be, 0..1: the Kolmogorov-Smirnov distance of the predicted
   * numbers, or of any class's probability. It must be certain to be more. 1 allows anything.
   */
  maximumDrift: z.number().min(0).max(1).default(0.25),
});
export type Canary = z.infer<typeof canarySchema>;

export const deploymentSchema = z
  .strictObject({
    /** Of the requests for the bare name; at least one weight above 0. */
    variants: z.array(variantSchema).min(1).max(10),
    /** These compute the same requests after the answer was sent; what they say is compared, never returned. */
    shadows: z.array(reference).max(5).default([]),
    canary: canarySchema.optional(),
    /** The first variant against the second, to decide which is better where people use them. */
    experiment: experimentSchema.optional(),
    /** Shares that follow success; decides nothing. */
    bandit: banditSchema.optional(),
  })
  .refine(({ variants }) => variants.some(({ weight }) => weight > 0), "some variant needs a weight above 0")
  .refine(({ canary, variants }) => !canary || variants.length === 2, "a canary needs exactly two variants")
  .refine(
    ({ experiment, variants }) =>
      !experiment || (variants.length === 2 && variants.every(({ weight }) => weight > 0)),
    "an experiment needs exactly two variants, each with a weight above 0",
  )
  .refine(
    ({ canary, experiment, bandit }) => [canary, experiment, bandit].filter(Boolean).length <= 1,
    "a deployment is a canary, an experiment or a bandit, not several at once",
  );
export type Deployment = z.infer<typeof deploymentSchema>;

export const deploymentChangeSchema = z.strictObject({
  number: z.number().int().nonnegative(),
  /** Null: the deployment was taken away, and the bare name means the champion again. */
  deployment: deploymentSchema.nullable(),
  reason: z.string(),
  changedAt: z.number().describe("epoch milliseconds"),
});
export type DeploymentChange = z.infer<typeof deploymentChangeSchema>;
