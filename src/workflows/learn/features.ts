import {
  applyPipeline,
  type ColumnFacts,
  describeColumns,
  type FittedPipeline,
  fitAfterSteps,
  planFeatures,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { createRandom } from "../../foundation/base/random.js";
import type { WorkContext } from "../../foundation/contracts/extension.js";
import {
  type Column,
  cellWidth,
  createFrame,
  type Frame,
  isWide,
  takeRows,
} from "../../foundation/contracts/frame.js";
import { takeTarget } from "../../foundation/contracts/target.js";
import type { FeatureStyle } from "../../foundation/contracts/trainer.js";
import { featureRows, type LearningMaterial } from "./material.js";

export interface PreparedFeatures {
  readonly pipeline: FittedPipeline;
  /** Of all learning rows. Supervised encodings are out of fold where the pipeline was fitted on the row. */
  readonly features: Frame;
}

/**
 * The features of each style, fitted at most once a training, so that all folds and all members of an ensemble
 * share one set of transforms. With several folds they are fitted on all learning rows: what they learn without
 * the target (means, categories) is the same for every fold, what they learn with it is out of fold.
 */
export class FeatureCache {
  readonly #material: LearningMaterial;
  readonly #transforms: TransformMap;
  readonly #seed: number;
  readonly #work: Omit<WorkContext, "random" | "report">;
  readonly #prepared = new Map<FeatureStyle, PreparedFeatures>();
  #facts: readonly ColumnFacts[] | undefined;

  constructor(
    material: LearningMaterial,
    options: {
      readonly transforms: TransformMap;
      readonly seed: number;
      readonly work: Omit<WorkContext, "random" | "report">;
    },
  ) {
    this.#material = material;
    this.#transforms = options.transforms;
    this.#seed = options.seed;
    this.#work = options.work;
  }

  prepare(style: FeatureStyle): PreparedFeatures {
    const ready = this.#prepared.get(style);
    if (ready) return ready;
    const { frame, target, steps = [], tokenizer, joined } = this.#material;
    const rows = featureRows(this.#material);
    const all = rows.length === frame.rows;
    const raw = all ? frame : takeRows(frame, rows);
    const limits = {
      rows: rows.length,
      task: target.task,
      classes: target.task === "regression" ? 1 : target.classes.length,
      segmenter: true,
      ...(tokenizer === undefined ? {} : { tokenizer }),
      ...(joined === undefined ? {} : { joined }),
    };
    const known = all ? target : takeTarget(target, rows);
    const planFor = (columns: Frame) => {
      this.#facts ??= describeColumns(columns, known);
      return planFeatures(this.#facts, style, limits);
    };
    const { fitted, features } = fitAfterSteps(raw, steps, planFor, {
      transforms: this.#transforms,
      target: known,
      context: {
        ...this.#work,
        random: createRandom(this.#seed).fork(`features/${style}`),
        report: () => undefined,
      },
    });
    const prepared = {
      pipeline: fitted,
      features: all ? features : this.#withOtherRows(fitted, features, rows),
    };
    this.#prepared.set(style, prepared);
    return prepared;
  }

  /** The fitted rows keep their features; the others get theirs from the fitted pipeline. */
  #withOtherRows(pipeline: FittedPipeline, fittedFeatures: Frame, rows: Int32Array): Frame {
    const { frame } = this.#material;
    const isFitted = new Uint8Array(frame.rows);
    for (const row of rows) isFitted[row] = 1;
    const others = Int32Array.from({ length: frame.rows }, (_, row) => row).filter((row) => !isFitted[row]);
    const otherFeatures = applyPipeline(pipeline, takeRows(frame, others), this.#transforms);
    return interleave(
      [
        { frame: fittedFeatures, rows },
        { frame: otherFeatures, rows: others },
      ],
      frame.rows,
    );
  }
}

/** Parts of one table, each with the places of its rows. Features are anything but categories, texts, dates and ids. */
function interleave(
  parts: readonly { readonly frame: Frame; readonly rows: Int32Array }[],
  rows: number,
): Frame {
  const names = [...parts[0]!.frame.columns.keys()];
  return createFrame(
    names.map(
      (name) =>
        [
          name,
          interleaved(
            parts.map(({ frame, rows: places }) => ({ column: frame.columns.get(name)!, places })),
            rows,
          ),
        ] as const,
    ),
    rows,
  );
}

function interleaved(parts: readonly { column: Column; places: Int32Array }[], rows: number): Column {
  const first = parts[0]!.column;
  if (!isFeature(first)) throw new Error(`A ${first.kind} is no feature.`);
  const width = cellWidth(first);
  // A part may hold float64 numbers that are float32 in another.
  const values = new (first.kind === "number" ? Float32Array : arrayOf(first))(rows * width);
  for (const { column, places } of parts) {
    const source = (column as typeof first).values;
    for (const [i, row] of places.entries())
      for (let k = 0; k < width; k++) values[row * width + k] = source[i * width + k]!;
  }
  return { ...first, values } as Column;
}

type FeatureColumn = Extract<Column, { kind: "number" | "boolean" | "vector" | "image" | "tokens" }>;

function isFeature(column: Column): column is FeatureColumn {
  return isWide(column) || column.kind === "number" || column.kind === "boolean";
}

function arrayOf({ values }: FeatureColumn): new (length: number) => Float32Array | Uint8Array | Int32Array {
  return values.constructor as new (
    length: number,
  ) => Float32Array;
}
