import { QuernError } from "../../../foundation/base/errors.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Dependence } from "../../../foundation/contracts/explanation.js";
import { type Column, columnOf, type Frame } from "../../../foundation/contracts/frame.js";
import { type Cell, cellOf, columnOfCells, createNeighbourhood, sortedNumbers } from "../cells.js";
import type { PredictFrame } from "../predict-frame.js";
import { predictReplaced } from "./replace.js";

export interface DependenceOptions {
  readonly column: string;
  /** Of the model's outputs, and its class; null for a value. */
  readonly output: number;
  readonly class: string | null;
  /** Default: up to 20 quantiles of numbers, the 20 most frequent categories. */
  readonly grid?: readonly (number | string)[];
  /** Lines kept of single rows, default 20. */
  readonly individualRows?: number;
}

const GRID_POINTS = 20;
const INDIVIDUAL_ROWS = 20;
/** Data lie closer to their nearest neighbours than this share of them does. */
const USUAL_SHARE = 0.95;

/**
 * How the mean prediction depends on one column when it alone is changed in every row: partial dependence (Friedman
 * 2001), with single rows (ICE), accumulated local effects, and how much of it is guesswork outside of the data. Costs
 * rows times grid points predictions.
 * @throws QuernError DATA_COLUMN_UNKNOWN; UNSUPPORTED for texts, vectors and ids
 */
export async function partialDependence(
  model: PredictFrame,
  frame: Frame,
  options: DependenceOptions,
): Promise<Dependence> {
  const { column: name, output } = options;
  const column = columnOf(frame, name);
  const kind = dependenceKind(name, column);
  const grid = options.grid ?? gridOf(column);
  const length = grid.length * frame.rows;
  const at = Int32Array.from({ length }, (_, k) => Math.floor(k / frame.rows));
  const from = Int32Array.from({ length }, (_, k) => k % frame.rows);
  const columns = new Map([[name, { values: columnOfCells(column, grid), at }]]);
  const answers = await predictReplaced(model, frame, { from, columns }, output);
  const average = grid.map((_, point) =>
    mean(answers.subarray(point * frame.rows, (point + 1) * frame.rows)),
  );
  const lines = Math.min(options.individualRows ?? INDIVIDUAL_ROWS, frame.rows);
  return {
    column: name,
    kind,
    class: options.class,
    grid: [...grid],
    average,
    individual: Array.from({ length: lines }, (_, row) =>
      grid.map((_point, k) => answers[k * frame.rows + row]!),
    ),
    accumulated:
      kind === "number" || kind === "datetime"
        ? await accumulatedEffects(model, frame, { name, column, output, grid: grid as readonly number[] })
        : null,
    extrapolated: extrapolatedShares(frame, name, grid),
    rows: frame.rows,
  };
}

function dependenceKind(name: string, { kind }: Column): Dependence["kind"] {
  if (kind === "number" || kind === "boolean" || kind === "category" || kind === "datetime") return kind;
  throw new QuernError(
    "UNSUPPORTED",
    `The column ${JSON.stringify(name)} is a ${kind}, which has no grid of values.`,
    {
      hint: "Choose a column of numbers, categories, booleans or dates.",
      details: { column: name },
    },
  );
}

/** Values at which a column is looked at: distinct quantiles, or categories by frequency. */
export function gridOf(column: Column): (number | string)[] {
  if (column.kind === "boolean") return [0, 1];
  if (column.kind === "category") {
    const counts = new Map<string, number>();
    for (let row = 0; row < column.codes.length; row++) {
      const cell = cellOf(column, row);
      if (typeof cell === "string") counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    const byCount = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return byCount.slice(0, GRID_POINTS).map(([text]) => text);
  }
  const values = sortedNumbers(column);
  if (values.length === 0) return [];
  const points = Array.from({ length: GRID_POINTS }, (_, k) =>
    quantileOfSorted(values, k / (GRID_POINTS - 1)),
  );
  // Between values that occur there may be none that could.
  const whole = values.every((value) => Number.isInteger(value));
  return [...new Set(whole ? points.map(Math.round) : points)];
}

interface Accumulation {
  readonly name: string;
  readonly column: Column;
  readonly output: number;
  readonly grid: readonly number[];
}

/** Apley and Zhu (2020): differences over the rows within each interval of the grid, summed up, their mean taken off. */
async function accumulatedEffects(
  model: PredictFrame,
  frame: Frame,
  { name, column, output, grid }: Accumulation,
): Promise<number[] | null> {
  if (grid.length < 2) return null;
  const inside: { row: number; interval: number }[] = [];
  for (let row = 0; row < frame.rows; row++) {
    const value = cellOf(column, row);
    if (typeof value !== "number" || value < grid[0]! || value > grid.at(-1)!) continue;
    const above = grid.findIndex((edge) => edge >= value);
    inside.push({ row, interval: Math.max(above - 1, 0) });
  }
  const from = Int32Array.from([...inside, ...inside], ({ row }) => row);
  const at = Int32Array.from([
    ...inside.map((one) => one.interval),
    ...inside.map((one) => one.interval + 1),
  ]);
  const columns = new Map([[name, { values: columnOfCells(column, grid), at }]]);
  const answers = await predictReplaced(model, frame, { from, columns }, output);
  const sums = new Float64Array(grid.length - 1);
  const counts = new Float64Array(grid.length - 1);
  for (const [k, { interval }] of inside.entries()) {
    sums[interval]! += answers[inside.length + k]! - answers[k]!;
    counts[interval]! += 1;
  }
  const effects = [0];
  for (const [k, sum] of sums.entries()) effects.push(effects[k]! + (counts[k]! > 0 ? sum / counts[k]! : 0));
  let centre = 0;
  for (const [k, count] of counts.entries()) centre += (count * (effects[k]! + effects[k + 1]!)) / 2;
  return effects.map((effect) => effect - centre / Math.max(inside.length, 1));
}

/** Rows whose changed form lies farther from the data than data usually lie from each other. */
function extrapolatedShares(frame: Frame, name: string, grid: readonly Cell[]): number[] {
  const { rows, names, nearest, ownDistances } = createNeighbourhood(frame);
  const place = names.indexOf(name);
  const usual = quantileOfSorted(ownDistances, USUAL_SHARE);
  return grid.map((value) => {
    const outside = rows.filter((cells) => nearest(cells.with(place, value)) > usual + 1e-12);
    return outside.length / Math.max(rows.length, 1);
  });
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
