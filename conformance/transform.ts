/**
 * What every transform must keep: `apply` and `emit` agree on ugly values, nothing is written into inputs,
 * the state survives packing, equal calls give equal bytes, rows do not influence one another.
 */
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { type Sha256, sha256 } from "../src/foundation/base/hash.js";
import { pack, unpack } from "../src/foundation/base/packing.js";
import { createRandom } from "../src/foundation/base/random.js";
import { type Column, type Frame, takeRows } from "../src/foundation/contracts/frame.js";
import type { Target } from "../src/foundation/contracts/target.js";
import type { Transform, TransformContext } from "../src/foundation/contracts/transform.js";
import { sampleFrame, sampleTarget } from "./transform-samples.js";
import { workContext } from "./work-context.js";

/** A column that a graph computed: numbers row-major, or strings. */
export interface EvaluatedColumn {
  readonly name: string;
  readonly kind: string;
  readonly values: Float32Array | readonly string[];
}

export interface TransformSuiteOptions {
  /** Configs to try, each a partial one; default: only `{}`. */
  readonly configs?: readonly Record<string, unknown>[];
  /** Emits into a graph and runs it on each frame (all of the same columns): the outputs in order, by frame. */
  readonly evaluate: (
    transform: Transform,
    state: unknown,
    frames: readonly Frame[],
  ) => Promise<EvaluatedColumn[][]>;
  /** Only `regression` or classes; default both. Matters to transforms that need a target. */
  readonly targets?: readonly Target["task"][];
  /** Relative and absolute tolerance between apply and emit; default 1e-5. */
  readonly tolerance?: number;
}

/** Registers the suite. Transforms of any state type are taken; the suite treats states as opaque. */
export function transformSuite<Config extends z.ZodObject, State>(
  given: Transform<Config, State>,
  suite: TransformSuiteOptions,
): void {
  const transform = given as unknown as Transform;
  describe(`transform ${transform.id}`, () => {
    const targets = transform.needsTarget ? (suite.targets ?? ["regression", "multiclass"]) : [undefined];
    for (const config of suite.configs ?? [{}]) {
      for (const task of targets) {
        const parsed = transform.config.parse(config);
        describe(`${JSON.stringify(config)}${task ? ` for ${task}` : ""}`, () =>
          describeCase(transform, parsed, task, suite));
      }
    }
    it("takes an empty config and refuses unknown keys", () => {
      expect(transform.config.safeParse({}).success).toBe(true);
      expect(transform.config.safeParse({ surelyUnknown: 1 }).success).toBe(false);
    });
  });
}

function describeCase(
  transform: Transform,
  config: Record<string, unknown>,
  task: Target["task"] | undefined,
  { evaluate, tolerance = 1e-5 }: TransformSuiteOptions,
): void {
  const fitOn = (frame: Frame) => {
    const context = contextFor(task ? sampleTarget(frame.rows, task) : undefined);
    return { state: transform.fit(frame, config, context), context };
  };
  const training = sampleFrame(transform.accepts, "training");
  const cases = (["training", "ugly", "unseen", "one-row", "no-rows", "all-missing"] as const).map(
    (name) => [name, sampleFrame(transform.accepts, name)] as const,
  );

  for (const fitted of ["training", "ugly", "one-row", "all-missing", "constant", "no-rows"] as const) {
    it(`fits ${fitted}; apply = emit`, async () => {
      const { state } = fitOn(sampleFrame(transform.accepts, fitted));
      const frames = cases.map(([, frame]) => frame);
      const emitted = transform.emit ? await evaluate(transform, state, frames) : undefined;
      for (const [index, [name, frame]] of cases.entries()) {
        const applied = transform.apply(frame, state);
        expect(applied.rows, name).toBe(frame.rows);
        if (emitted) expectSame(applied, emitted[index]!, `${fitted} -> ${name}`, tolerance);
      }
    });
  }

  it("keeps its state through pack and unpack", () => {
    const { state } = fitOn(training);
    const packed = pack(state);
    const restored = unpack(packed);
    expect(sha256(pack(restored))).toBe(sha256(packed));
    for (const [, frame] of cases) {
      expect(frameDigest(transform.apply(frame, restored))).toEqual(
        frameDigest(transform.apply(frame, state)),
      );
    }
  });

  it("gives the same bytes twice and leaves its inputs alone", () => {
    for (const [, frame] of cases) {
      const before = frameDigest(frame);
      const once = fitOn(training);
      const again = fitOn(training);
      expect(sha256(pack(once.state))).toBe(sha256(pack(again.state)));
      expect(frameDigest(transform.apply(frame, once.state))).toEqual(
        frameDigest(transform.apply(frame, again.state)),
      );
      expect(frameDigest(frame)).toEqual(before);
    }
    if (!transform.applyToTraining) return;
    const results = [fitOn(training), fitOn(training)].map(({ state, context }) =>
      frameDigest(transform.applyToTraining!(training, state, config, context)),
    );
    expect(results[0]).toEqual(results[1]);
  });

  it("maps each row by itself, in any order", () => {
    const { state } = fitOn(training);
    for (const [, frame] of cases) {
      const order = createRandom("order").permutation(frame.rows);
      const shuffled = transform.apply(takeRows(frame, order), state);
      expect(frameDigest(shuffled)).toEqual(frameDigest(takeRows(transform.apply(frame, state), order)));
    }
  });
}

function contextFor(target: Target | undefined): TransformContext {
  return { ...workContext(), ...(target ? { target } : {}) };
}

/** A digest: comparing arrays byte by byte in the test runner is slow. */
function frameDigest(frame: Frame): Sha256 {
  const columns = [...frame.columns].map(([name, column]) => [name, comparable(column)]);
  return sha256(pack({ rows: frame.rows, columns }));
}

/** Category codes by their text: two dictionaries may order the same values differently. */
function comparable(column: Column): unknown {
  if (column.kind !== "category") return column;
  return Array.from(column.codes, (code) => (code < 0 ? "" : column.dictionary[code]!));
}

function expectSame(
  applied: Frame,
  emitted: readonly EvaluatedColumn[],
  where: string,
  tolerance: number,
): void {
  expect(
    emitted.map(({ name, kind }) => ({ name, kind })),
    where,
  ).toEqual([...applied.columns].map(([name, { kind }]) => ({ name, kind })));
  for (const [index, [name, column]] of [...applied.columns].entries()) {
    const actual = emitted[index]!.values;
    const expected = column.kind === "category" ? (comparable(column) as string[]) : column.values;
    expect(actual.length, `${where}: length of ${name}`).toBe(expected.length);
    for (let i = 0; i < expected.length; i++) {
      const isSame = agree(expected[i]!, actual[i]!, tolerance);
      if (!isSame) throw new Error(`${where}: ${name}[${i}]: apply ${expected[i]}, emit ${actual[i]}`);
    }
  }
}

function agree(expected: number | string, actual: number | string, tolerance: number): boolean {
  if (typeof expected === "string" || typeof actual === "string") return expected === actual;
  if (Number.isNaN(expected)) return Number.isNaN(actual);
  if (expected === actual) return true;
  return Math.abs(expected - actual) <= tolerance * Math.max(1, Math.abs(expected));
}
