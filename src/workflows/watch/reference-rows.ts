import { openDataset } from "../../capabilities/data/datasets/index.js";
import { restoreSplits } from "../../capabilities/data/splits/make-splits.js";
import { QuernError } from "../../foundation/base/errors.js";
import { unpack } from "../../foundation/base/packing.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { SplitRecord } from "../../foundation/contracts/split.js";
import type { Store } from "../../foundation/contracts/store.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import { readTarget } from "../use/evaluate-model.js";
import type { OpenModel } from "../use/open-model.js";
import { answerable, readInputs } from "../use/reading.js";
import { fileRows, spread, takePredicted, takeWatched } from "./watched-rows.js";

/** What a window is compared with. */
export interface ReferenceRows {
  readonly source: string;
  readonly inputs: Frame;
  /** Rows that the model did not learn from; absent where they are not known. */
  readonly heldOut?: HeldOutRows;
}

export interface HeldOutRows {
  readonly inputs: Frame;
  readonly predictions: Predictions;
  /** Absent where the reference has no labels. */
  readonly target?: Target;
}

/** More would only take time. */
const MOST_ROWS = 50_000;
const MOST_HELD_OUT_ROWS = 20_000;

/** The rows of the training; predictions are compared with those of its held-out rows alone. */
export async function trainingRows(
  { bundle, record }: OpenModel,
  store: Store,
  context: WorkflowContext,
): Promise<ReferenceRows> {
  if (!record || record.dataset === null) {
    throw new QuernError("USAGE", "The rows this model was trained on are not in the store.", {
      hint: "Name rows to compare with: `quern monitor MODEL --reference FILE`.",
    });
  }
  const { manifest } = bundle;
  const dataset = await store.datasets.get(record.dataset);
  const { table } = await openDataset(dataset, store.blobs, context);
  try {
    const read = await readInputs({ table }, manifest);
    const all = read.frame;
    const rowsRead = answerable(
      read,
      Int32Array.from({ length: all.rows }, (_, row) => row),
    );
    const test = await testRows(store, dataset.id, manifest.lineage.split);
    const source = `training (${dataset.name})`;
    const inputs = takeWatched(takeRows(all, rowsRead), MOST_ROWS);
    if (test.length === 0) return { source, inputs };
    const held = Int32Array.from(spread(test.length, MOST_HELD_OUT_ROWS), (position) => test[position]!);
    const labels = await readTarget(table, manifest);
    const position = new Map(Array.from(labels.rows, (row, index) => [row, index]));
    const rows = held.filter((row) => position.has(row));
    const heldInputs = takeRows(all, rows);
    return {
      source,
      inputs,
      heldOut: {
        inputs: heldInputs,
        predictions: await bundle.predictFrame(heldInputs),
        target: takeTarget(
          labels.target,
          Array.from(rows, (row) => position.get(row)!),
        ),
      },
    };
  } finally {
    await table.close();
  }
}

/** Rows of a file that was not trained on. */
export async function referenceFile(
  model: OpenModel,
  source: string,
  context: WorkflowContext,
): Promise<ReferenceRows> {
  const { labels, ...rows } = await fileRows(model, source, {}, context);
  const inputs = takeWatched(rows.inputs, MOST_ROWS);
  const { target } = labels;
  const known = labels.rows.length > 0;
  return {
    source: rows.source,
    inputs,
    heldOut: known
      ? {
          inputs: takeRows(rows.inputs, labels.rows),
          predictions: takePredicted(rows.predictions, labels.rows),
          target,
        }
      : { inputs: rows.inputs, predictions: rows.predictions },
  };
}

/** Of folds none: the final model learnt from all of them. */
async function testRows(store: Store, dataset: string, split: string | undefined): Promise<Int32Array> {
  const stored = (await store.datasets.splits(dataset)).find(({ id }) => id === split);
  if (!stored) return new Int32Array(0);
  const splits = restoreSplits(unpack<SplitRecord>(await store.blobs.get(stored.blob)));
  return splits.length === 1 ? splits[0]!.test : new Int32Array(0);
}
