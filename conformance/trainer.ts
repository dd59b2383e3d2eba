/** What every trainer must hold, built in or not. Call it inside a test file: `trainerSuite(trainer, options)`. */
import { describe, expect, it } from "vitest";
import { pack, unpack } from "../src/foundation/base/packing.js";
import { type Column, createFrame, type Frame, takeRows } from "../src/foundation/contracts/frame.js";
import {
  type Predictions,
  type Target,
  type TaskType,
  takeTarget,
} from "../src/foundation/contracts/target.js";
import type { Fitted, LabelledFrame, Trainer, TrainingContext } from "../src/foundation/contracts/trainer.js";
import { sampleRows, strangeFeatures } from "./trainer-samples.js";
import { workContext } from "./work-context.js";

export interface TrainerSuiteOptions {
  /** Runs the emitted graph on a frame; see trainer-graph. */
  readonly predictInGraph: (fitted: Fitted, features: Frame) => Promise<Float32Array>;
  /** Settings that make the trainer quick; `{}` by default. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Training rows; enough that work is shared where a trainer has thresholds for that. */
  readonly rows?: number;
}

/** Export parity: |exported - predicted| <= this * (1 + |predicted|). */
const PARITY = 1e-5;
const THREADS = [1, 2, 3];

export function trainerSuite(trainer: Trainer, options: TrainerSuiteOptions): void {
  const rows = options.rows ?? 300;
  const config = () => trainer.config.parse(options.config ?? {});
  const sample = (task: TaskType, count = rows) =>
    sampleRows(trainer.capabilities.features, task, count, task);
  const fitOn = (train: LabelledFrame, context: Partial<TrainingContext> = {}, validation?: LabelledFrame) =>
    trainer.fit({ train, ...(validation ? { validation } : {}) }, config(), trainingContext(context));

  describe(`trainer ${trainer.id}`, () => {
    it("is described, has a default for every setting and refuses unknown ones", () => {
      expect(trainer.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(trainer.summary.length).toBeGreaterThan(10);
      expect(trainer.version).toBeGreaterThanOrEqual(1);
      expect(trainer.tasks.length).toBeGreaterThan(0);
      expect(() => trainer.config.parse({})).not.toThrow();
      expect(() => trainer.config.parse({ "no such setting": 1 })).toThrow();
    });

    describe.each(trainer.tasks.map((task) => [task]))("for %s", (task) => {
      const train = sample(task);
      const fresh = sampleRows(trainer.capabilities.features, task, 64, `${task}/fresh`).features;
      const strange = strangeFeatures(trainer.capabilities.features, train.features);

      it("predicts finite numbers, probabilities that sum to 1", async () => {
        const fitted = await fitOn(train);
        for (const frame of [fresh, strange])
          checkPredictions(fitted.predict(frame), frame.rows, train.target);
      });

      it("is restored from its packed state", async () => {
        const fitted = await fitOn(train);
        const restored = trainer.restore(unpack(pack(fitted.state)));
        expect(restored.predict(fresh)).toEqual(fitted.predict(fresh));
        expect(pack(restored.state)).toEqual(pack(fitted.state));
        expect(restored.diagnostics).toEqual(fitted.diagnostics);
      });

      it("predicts in the exported graph what it predicts itself", async () => {
        const fitted = await fitOn(train);
        for (const frame of [fresh, strange, takeRows(fresh, [0])]) {
          close(await options.predictInGraph(fitted, frame), fitted.predict(frame).values);
        }
      });

      it("averages models into one where it can", async () => {
        if (!trainer.average) return;
        const other = sampleRows(trainer.capabilities.features, task, rows, `${task}/other`);
        const states = [(await fitOn(train)).state, (await fitOn(other)).state];
        const one = (weights?: readonly number[]) => trainer.restore(trainer.average!(states, weights));
        const [first, second] = states.map((state) => trainer.restore(state).predict(fresh));
        close(one([1, 0]).predict(fresh).values, first!.values);
        close(one([0, 2]).predict(fresh).values, second!.values);
        for (const weights of [undefined, [0.3, 0.9]]) {
          const averaged = trainer.restore(unpack(pack(one(weights).state)));
          const predicted = averaged.predict(fresh);
          checkPredictions(predicted, fresh.rows, train.target);
          // A mean of raw scores is between them, and so are values and the probabilities of two classes.
          if (task !== "multiclass") between(predicted.values, first!.values, second!.values);
          for (const frame of [fresh, strange])
            close(await options.predictInGraph(averaged, frame), averaged.predict(frame).values);
          expect(averaged.diagnostics.importance).toBeDefined();
        }
      });

      it("answers smoothly where it says so", async () => {
        if (!trainer.capabilities.smooth) return;
        const fitted = await fitOn(train);
        const before = fitted.predict(fresh).values;
        const after = fitted.predict(nudged(fresh)).values;
        for (const [k, value] of after.entries()) {
          expect(Math.abs(value - before[k]!)).toBeLessThan(1e-3 * (1 + Math.abs(before[k]!)));
        }
      });

      it("shrinks where it can, without loss where there is room", async () => {
        if (!trainer.shrink) return;
        const { state } = await fitOn(train);
        const roomy = trainer.restore(trainer.shrink(state, Number.POSITIVE_INFINITY));
        close(roomy.predict(fresh).values, trainer.restore(state).predict(fresh).values);
        const least = trainer.restore(unpack(pack(trainer.shrink(state, 0))));
        for (const frame of [fresh, strange]) {
          checkPredictions(least.predict(frame), frame.rows, train.target);
          close(await options.predictInGraph(least, frame), least.predict(frame).values);
        }
      });

      it("predicts each row by itself, and no rows at all", async () => {
        const fitted = await fitOn(train);
        const all = fitted.predict(fresh).values;
        const width = all.length / fresh.rows;
        const one = fitted.predict(takeRows(fresh, [7])).values;
        close(one, all.subarray(7 * width, 8 * width));
        expect(fitted.predict(takeRows(fresh, [])).values).toHaveLength(0);
      });

      it("gives the same bytes for the same seed and any number of threads", async () => {
        const states: Uint8Array[] = [];
        for (const threads of THREADS) states.push(pack((await fitOn(train, { threads })).state));
        states.push(pack((await fitOn(train, { threads: 2 })).state));
        for (const state of states.slice(1)) expect(Buffer.compare(state, states[0]!)).toBe(0);
      });

      it("ends when its time is up as it does after so many iterations, where it says so", async () => {
        if (!trainer.capabilities.anytime) return;
        for (const first of ["at once", "at the first report"]) {
          const over = new AbortController();
          if (first === "at once") over.abort();
          let ended: number | undefined;
          const cut = await fitOn(train, {
            report: () => over.abort(),
            timeLimit: {
              wrapUp: over.signal,
              reached: (iterations) => {
                ended = iterations;
              },
            },
          });
          const counted = await fitOn(train, { maxIterations: ended! });
          expect(Buffer.compare(pack(cut.state), pack(counted.state)), first).toBe(0);
          checkPredictions(cut.predict(fresh), fresh.rows, train.target);
        }
      });

      it("takes a validation set", async () => {
        const fitted = await fitOn(
          train,
          {},
          sampleRows(trainer.capabilities.features, task, 80, `${task}/validation`),
        );
        checkPredictions(fitted.predict(fresh), fresh.rows, train.target);
      });

      it("trains on as few rows as the task allows", async () => {
        const few = fewRows(train);
        const fitted = await fitOn(few);
        checkPredictions(fitted.predict(fresh), fresh.rows, train.target);
        close(await options.predictInGraph(fitted, fresh), fitted.predict(fresh).values);
      });

      it("trains on constant features", async () => {
        const features = takeRows(train.features, new Int32Array(train.features.rows));
        const fitted = await fitOn({ ...train, features });
        checkPredictions(fitted.predict(features), features.rows, train.target);
        close(await options.predictInGraph(fitted, features), fitted.predict(features).values);
      });

      it("trains on a single feature", async () => {
        const [first] = [...train.features.columns];
        const features = createFrame([first!]);
        const fitted = await fitOn({ ...train, features });
        close(await options.predictInGraph(fitted, features), fitted.predict(features).values);
      });

      it("learns one class, or one value, that is there alone", async () => {
        const alone = onlyFirst(train.target);
        const fitted = await fitOn({ ...train, target: alone });
        const predicted = fitted.predict(fresh);
        checkPredictions(predicted, fresh.rows, alone);
        close(await options.predictInGraph(fitted, fresh), predicted.values);
        for (let row = 0; row < fresh.rows; row++) {
          if (alone.task === "regression") {
            expect(Math.abs(predicted.values[row]! - alone.values[0]!)).toBeLessThan(1e-3);
          } else {
            const of = predicted.values.subarray(
              row * alone.classes.length,
              (row + 1) * alone.classes.length,
            );
            expect(of.indexOf(Math.max(...of))).toBe(0);
          }
        }
      });

      it("refuses data without rows, features or weight, by name", async () => {
        const nothing = createFrame([], train.features.rows);
        const none = { features: takeRows(train.features, []), target: takeTarget(train.target, []) };
        const zero = new Float64Array(train.features.rows);
        const refused = { code: "TRAINING_FAILED", details: { trainer: trainer.id } };
        await expect(fitOn(none)).rejects.toMatchObject(refused);
        for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
          const weights = zero.map((_, row) => (row === 3 ? bad : 1));
          await expect(fitOn({ ...train, weights })).rejects.toMatchObject({
            ...refused,
            details: { row: 3 },
          });
        }
        await expect(fitOn({ ...train, weights: zero })).rejects.toMatchObject(refused);
        const blind = fitOn({ ...train, features: nothing });
        if (trainer.capabilities.features === "none") await expect(blind).resolves.toBeDefined();
        else await expect(blind).rejects.toMatchObject(refused);
      });

      it("follows sample weights where it declares them", async () => {
        if (!trainer.capabilities.sampleWeights) return;
        const upper = await fitOn({ ...train, weights: leaningWeights(train.target, 20) });
        const lower = await fitOn({ ...train, weights: leaningWeights(train.target, 1 / 20) });
        expect(tendency(upper.predict(fresh))).toBeGreaterThan(tendency(lower.predict(fresh)));
      });

      it("stops when it is told to", async () => {
        await expect(fitOn(train, { signal: AbortSignal.abort() })).rejects.toThrow();
      });

      it("gives importances that sum to 1, and an estimate", async () => {
        const { importance } = (await fitOn(train)).diagnostics;
        const total = Object.values(importance ?? {}).reduce((sum, share) => sum + share, 0);
        if (total !== 0) expect(total).toBeCloseTo(1, 6);
        const classes = train.target.task === "regression" ? 1 : train.target.classes.length;
        const work = { rows, features: 7, task, classes, threads: 2 };
        const { seconds, bytes } = trainer.estimate(work, config());
        expect(seconds).toBeGreaterThan(0);
        expect(seconds).toBeLessThan(600);
        expect(bytes).toBeGreaterThan(0);
      });
    });
  });
}

export function trainingContext(overrides: Partial<TrainingContext> = {}): TrainingContext {
  return { ...workContext(), ...overrides };
}

function checkPredictions(predictions: Predictions, rows: number, target: Target): void {
  expect(predictions.values.every((value) => Number.isFinite(value))).toBe(true);
  if (target.task === "regression") {
    expect(predictions.kind).toBe("values");
    expect(predictions.values).toHaveLength(rows);
    return;
  }
  if (predictions.kind !== "probabilities") throw new Error("A classifier must predict probabilities.");
  expect(predictions.classes).toBe(target.classes.length);
  expect(predictions.values).toHaveLength(rows * predictions.classes);
  for (let at = 0; at < predictions.values.length; at += predictions.classes) {
    const row = predictions.values.subarray(at, at + predictions.classes);
    expect(row.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  }
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let k = 0; k < actual.length; k++) {
    const difference = Math.abs(actual[k]! - expected[k]!);
    if (!(difference <= PARITY * (1 + Math.abs(expected[k]!)))) {
      throw new Error(`Value ${k} is ${actual[k]}, expected ${expected[k]}.`);
    }
  }
}

/** Every number a little further from 0. */
function nudged(frame: Frame): Frame {
  const columns = [...frame.columns].map(([name, column]) => {
    if (column.kind !== "number" && column.kind !== "vector" && column.kind !== "boolean")
      return [name, column] as const;
    return [name, { ...column, values: column.values.map((value) => value * (1 + 1e-5)) } as Column] as const;
  });
  return createFrame(columns, frame.rows);
}

function between(values: Float64Array, one: Float64Array, other: Float64Array): void {
  for (let k = 0; k < values.length; k++) {
    const slack = 1e-6 * (1 + Math.abs(one[k]!));
    expect(values[k]!).toBeGreaterThanOrEqual(Math.min(one[k]!, other[k]!) - slack);
    expect(values[k]!).toBeLessThanOrEqual(Math.max(one[k]!, other[k]!) + slack);
  }
}

/** One row of a regression, one of each class otherwise. */
function fewRows({ features, target }: LabelledFrame): LabelledFrame {
  const rows =
    target.task === "regression"
      ? [0]
      : target.classes.map((_, k) => target.codes.indexOf(k)).sort((a, b) => a - b);
  return { features: takeRows(features, rows), target: takeTarget(target, rows) };
}

/** The first class, or the first value, in every row. */
function onlyFirst(target: Target): Target {
  return target.task === "regression"
    ? { ...target, values: target.values.map(() => target.values[0]!) }
    : { ...target, codes: new Int32Array(target.codes.length) };
}

/** `weight` for the last class or the upper half, 1 elsewhere. */
function leaningWeights(target: Target, weight: number): Float64Array {
  if (target.task === "regression") {
    const middle = target.values.slice().sort()[target.values.length >> 1]!;
    return target.values.map((value) => (value > middle ? weight : 1));
  }
  return Float64Array.from(target.codes, (code) => (code === target.classes.length - 1 ? weight : 1));
}

/** Mean prediction, or mean probability of the last class. */
function tendency(predictions: Predictions): number {
  const width = predictions.kind === "probabilities" ? predictions.classes : 1;
  let sum = 0;
  for (let at = width - 1; at < predictions.values.length; at += width) sum += predictions.values[at]!;
  return sum / (predictions.values.length / width);
}
