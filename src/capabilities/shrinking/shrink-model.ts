/** Smaller forms of a finished model, each judged on what it costs before anybody may use it. */
import { gzipSync } from "node:zlib";
import {
  type ModelProto,
  openSession,
  readModel,
  type Session,
  writeModel,
} from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { type Feeds, measureRanges } from "./calibration.js";
import { dynamicInt8 } from "./methods/dynamic-int8.js";
import { float16 } from "./methods/float16.js";
import { int4 } from "./methods/int4.js";
import { pruneMagnitudes } from "./methods/magnitude-pruning.js";
import { calibratedValues, staticInt8 } from "./methods/static-int8.js";
import { pruneUnits } from "./methods/structured-pruning.js";
import type { Shrunk } from "./shrunk.js";

export type ShrinkMethod =
  | { readonly method: "int8-dynamic" }
  /** `share` of the activations inside the range, 0.9..1; 1 = minimum and maximum. */
  | { readonly method: "int8-static"; readonly share?: number }
  | { readonly method: "float16" }
  /** Elements that share a scale: 16, 32, 64, 128 or 256. */
  | { readonly method: "int4"; readonly block?: number }
  /** `share` of the weights, or of the hidden units and channels, that go: 0..1. */
  | { readonly method: "prune-weights"; readonly share: number }
  | { readonly method: "prune-units"; readonly share: number };

export interface ShrinkOptions {
  /** Inputs of the model for calibration and for measuring speed; batches of usual size. */
  readonly batches: readonly Feeds[];
  /** The metric of a model on validation rows. */
  readonly evaluate: (session: Session) => Promise<number>;
  readonly greaterIsBetter: boolean;
  /** How much worse the metric may become, in its own unit, where it was `before`. */
  readonly allowedLoss: (before: number) => number;
  readonly threads: number;
  /** Milliseconds; speed is what it measures. */
  readonly now: () => number;
}

export interface ShrinkReport {
  readonly method: ShrinkMethod["method"];
  /** Products and tables that were changed. */
  readonly changed: number;
  readonly bytes: { readonly before: number; readonly after: number };
  /** As an archive holds them. */
  readonly compressedBytes: { readonly before: number; readonly after: number };
  /** Time of the shrunk model by that of the original, medians of alternated runs; below 1 is faster. */
  readonly timeRatio: number;
  readonly metric: { readonly before: number; readonly after: number };
  /** How much worse the metric became; negative: better. */
  readonly loss: number;
  readonly allowedLoss: number;
}

/** A model that misses the gate is not handed out. */
export type ShrinkOutcome =
  | { readonly accepted: true; readonly bytes: Uint8Array; readonly report: ShrinkReport }
  | { readonly accepted: false; readonly report: ShrinkReport };

/**
 * @throws QuernError UNSUPPORTED when the model has no weights that the method can shrink (trees, say)
 */
export async function shrinkModel(
  bytes: Uint8Array,
  method: ShrinkMethod,
  options: ShrinkOptions,
): Promise<ShrinkOutcome> {
  const { model, changed } = await applied(readModel(bytes), method, options);
  if (changed === 0) {
    throw new QuernError("UNSUPPORTED", `The model has nothing that ${method.method} could shrink.`, {
      hint:
        method.method === "prune-units"
          ? "Units go where one product feeds another through elementwise ops alone: of perceptrons, convolutions and transformers, not of recurrent layers or one linear layer. Other methods may do (int8, float16)."
          : "Networks and linear models with large matrices can be shrunk, convolutions by int8-static or float16; trees cannot.",
      details: { method: method.method },
    });
  }
  const shrunk = writeModel(model);
  const original = await openSession(bytes, { threads: options.threads });
  const smaller = await openSession(shrunk, { threads: options.threads });
  try {
    const before = await options.evaluate(original);
    const after = await options.evaluate(smaller);
    const loss = options.greaterIsBetter ? before - after : after - before;
    const allowedLoss = options.allowedLoss(before);
    const report: ShrinkReport = {
      method: method.method,
      changed,
      bytes: { before: bytes.length, after: shrunk.length },
      compressedBytes: { before: gzipSync(bytes).length, after: gzipSync(shrunk).length },
      timeRatio: await timeRatio(original, smaller, options),
      metric: { before, after },
      loss,
      allowedLoss,
    };
    // A metric that is no number misses every gate.
    return loss <= allowedLoss ? { accepted: true, bytes: shrunk, report } : { accepted: false, report };
  } finally {
    await original.close();
    await smaller.close();
  }
}

async function applied(model: ModelProto, method: ShrinkMethod, { batches }: ShrinkOptions): Promise<Shrunk> {
  switch (method.method) {
    case "int8-dynamic":
      return dynamicInt8(model);
    case "int8-static": {
      const names = calibratedValues(model);
      const ranges = await measureRanges(model, names, batches, method.share ?? 1);
      return staticInt8(model, ranges);
    }
    case "float16":
      return float16(model);
    case "int4":
      return int4(model, method.block ?? 32);
    case "prune-weights":
      return pruneMagnitudes(model, method.share);
    case "prune-units":
      return pruneUnits(model, method.share);
  }
}

const MOST_TURNS = 9;
const LEAST_TURNS = 3;
/** Long turns vary little: fewer of them do. */
const ENOUGH_MS = 20_000;

/** Alternated, so that a busy machine slows both; the first turn of each is not counted. */
async function timeRatio(
  original: Session,
  smaller: Session,
  { batches, now }: ShrinkOptions,
): Promise<number> {
  const times: [number[], number[]] = [[], []];
  const began = now();
  for (let turn = 0; turn <= MOST_TURNS; turn++) {
    if (turn > LEAST_TURNS && now() - began > ENOUGH_MS) break;
    for (const [which, session] of [original, smaller].entries()) {
      const start = now();
      for (const feeds of batches) await session.run(feeds);
      if (turn > 0) times[which]!.push(now() - start);
    }
  }
  const [before, after] = times.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!);
  return after! / before!;
}
