import { QuernError } from "../../../foundation/base/errors.js";
import {
  type Column,
  columnOf,
  createFrame,
  type Frame,
  hasCellSize,
} from "../../../foundation/contracts/frame.js";
import { columnWithoutNul } from "../../../foundation/contracts/row-encoding.js";
import { float32Values } from "../shared/positions.js";
import type { FittedPipeline, Slot, TransformMap } from "./pipeline.js";
import { transformOf } from "./transform-map.js";

/**
 * What transforms see as a column's name: between private-use characters, so that outputs are traced to their
 * inputs by name, whatever columns and categories are called.
 */
export function slotName(slot: number): string {
  return `\uE000${slot}\uE001`;
}

const SLOT_NAME = /\uE000(\d+)\uE001/g;

/** Slots that a name made from slot names mentions. */
export function slotsIn(name: string): number[] {
  return Array.from(name.matchAll(SLOT_NAME), ([, slot]) => Number(slot));
}

/** A name with labels in place of slot names; those without one stay. */
export function replaceSlots(name: string, labelOf: (slot: number) => string | undefined): string {
  return name.replace(SLOT_NAME, (whole, slot: string) => labelOf(Number(slot)) ?? whole);
}

/**
 * The features (numbers, booleans and vectors) of other rows than those fitted on.
 * @throws QuernError DATA_COLUMN_UNKNOWN, DATA_SCHEMA when a column is absent or of another kind
 */
export function applyPipeline(fitted: FittedPipeline, frame: Frame, transforms: TransformMap): Frame {
  const columns: Column[] = [];
  for (const slot of fitted.raw) columns[slot] = rawColumn(frame, fitted.slots[slot]!);
  const lastReader = lastReaders(fitted);
  for (const [index, { transform, inputs, outputs, state }] of fitted.steps.entries()) {
    const input = createFrame(
      inputs.map((slot) => [slotName(slot), columns[slot]!] as const),
      frame.rows,
    );
    const output = [...transformOf(transforms, transform).apply(input, state).columns.values()];
    for (const [k, slot] of outputs.entries()) columns[slot] = output[k]!;
    // Wide vectors in between are not held to the end.
    for (const slot of inputs) if (lastReader.get(slot) === index) delete columns[slot];
  }
  return featureFrame(fitted, columns, frame.rows);
}

/** Index of the last step that reads a slot; features are read after all of them. */
function lastReaders({ steps, features }: FittedPipeline): Map<number, number> {
  const readers = new Map<number, number>();
  for (const [index, { inputs }] of steps.entries()) for (const slot of inputs) readers.set(slot, index);
  for (const slot of features) readers.set(slot, steps.length);
  return readers;
}

/** The feature columns under their labels. `columns` is indexed by slot. */
export function featureFrame(
  { features, slots }: Pick<FittedPipeline, "features" | "slots">,
  columns: readonly Column[],
  rows: number,
): Frame {
  return createFrame(
    features.map((slot) => {
      const { label, names } = slots[slot]!;
      return [label, featureColumn(columns[slot]!, names)] as const;
    }),
    rows,
  );
}

function featureColumn(column: Column, names: readonly string[] | undefined): Column {
  if (column.kind === "vector") return names ? { ...column, names } : column;
  if (column.kind === "number" && column.values instanceof Float64Array) {
    return { ...column, values: float32Values(column) };
  }
  return column;
}

function rawColumn(frame: Frame, { label, kind, width, image }: Slot): Column {
  const column = columnOf(frame, label);
  const isSame = column.kind === kind && hasCellSize(column, { width, image });
  if (isSame) return columnWithoutNul(column);
  throw new QuernError(
    "DATA_SCHEMA",
    `The column ${JSON.stringify(label)} is a ${column.kind}; the features were built from a ${kind}.`,
    { details: { column: label }, hint: "Give data of the same schema as the training data." },
  );
}
