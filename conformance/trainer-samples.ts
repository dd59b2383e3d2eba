/** Data on which every trainer is tried, made from a seed. */
import { createRandom, type Random } from "../src/foundation/base/random.js";
import { type Column, createFrame, type Frame } from "../src/foundation/contracts/frame.js";
import type { Target, TaskType } from "../src/foundation/contracts/target.js";
import type { FeatureStyle, LabelledFrame } from "../src/foundation/contracts/trainer.js";

const COLOURS = ["red", "green", "blue", "white", "black", "grey"];

/** Rows as a feature pipeline of this style prepares them; trees get codes, gaps and infinities. */
export function sampleFeatures(style: FeatureStyle, rows: number, seed: string): Frame {
  const random = createRandom(`features/${seed}`);
  if (style === "tree") return treeFeatures(rows, random);
  if (style === "counts") return countFeatures(rows, random);
  if (style === "encoders") return withTokens(denseFeatures(rows, random), random);
  if (style === "embedded") return embeddedFeatures(rows, random);
  return denseFeatures(rows, random);
}

function treeFeatures(rows: number, random: Random): Frame {
  const hole = (value: number, share: number) => (random.uniform() < share ? Number.NaN : value);
  const wild = (value: number) =>
    random.uniform() < 0.02 ? Math.sign(value) * Number.POSITIVE_INFINITY : value;
  return createFrame([
    ["size", numbers(rows, () => wild(hole(random.normal(), 0.1)))],
    ["age", numbers(rows, () => hole(random.integer(60), 0.05))],
    ["active", { kind: "boolean", values: floats(rows, () => hole(random.integer(2), 0.1)) }],
    ["colour", { ...numbers(rows, () => hole(random.integer(5), 0.1)), categories: COLOURS }],
    ["words", { kind: "vector", width: 3, values: floats(rows * 3, () => Math.max(0, random.normal())) }],
  ]);
}

function denseFeatures(rows: number, random: Random): Frame {
  const oneHot = new Float32Array(rows * 3);
  for (let row = 0; row < rows; row++) oneHot[row * 3 + random.integer(3)] = 1;
  return createFrame([
    ["size", numbers(rows, () => random.normal())],
    ["age", numbers(rows, () => random.normal())],
    ["active", { kind: "boolean", values: floats(rows, () => random.integer(2)) }],
    ["colour", { kind: "vector", width: 3, values: oneHot, names: COLOURS.slice(0, 3) }],
  ]);
}

const TOKENS = { length: 12, vocabulary: 30 } as const;

/** Beside the others a column of texts, from none to all pieces long. */
function withTokens(frame: Frame, random: Random): Frame {
  const { length, vocabulary } = TOKENS;
  const values = new Int32Array(frame.rows * length);
  for (let row = 0; row < frame.rows; row++) {
    const pieces = random.integer(length + 1);
    for (let k = 0; k < pieces; k++) values[row * length + k] = 1 + random.integer(vocabulary - 1);
  }
  const tokens: Column = { kind: "tokens", values, ...TOKENS };
  return createFrame([...frame.columns, ["review", tokens]]);
}

function embeddedFeatures(rows: number, random: Random): Frame {
  const code = () => (random.uniform() < 0.1 ? Number.NaN : random.integer(5));
  return createFrame([
    ["size", numbers(rows, () => random.normal())],
    ["age", numbers(rows, () => random.normal())],
    ["active", { kind: "boolean", values: floats(rows, () => random.integer(2)) }],
    ["colour", { ...numbers(rows, code), categories: COLOURS }],
  ]);
}

function countFeatures(rows: number, random: Random): Frame {
  const count = () => Math.max(0, Math.floor(random.normal() * 2));
  return createFrame([
    ["clicks", numbers(rows, count)],
    ["words", { kind: "vector", width: 5, values: floats(rows * 5, count) }],
  ]);
}

/** Rows that training never saw: gaps everywhere, infinities, unknown codes, extreme sizes. */
export function strangeFeatures(style: FeatureStyle, sample: Frame): Frame {
  const strange =
    style === "tree"
      ? [
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          0,
          -0,
          1e30,
          -1e30,
          1e-30,
          5,
          6,
          2.5,
          -1,
        ]
      : [0, -0, 3, -3, 20, 1e-30, 0.5];
  const allowed = style === "counts" ? strange.filter((value) => value >= 0 && value <= 20) : strange;
  const rows = allowed.length;
  const fill = (column: Column): Column => {
    if (column.kind === "tokens") {
      const ids = Int32Array.from({ length: rows * column.length }, (_, k) => k % column.vocabulary);
      return { ...column, values: ids };
    }
    const width = column.kind === "vector" ? column.width : 1;
    return { ...column, values: floats(rows * width, (k) => allowed[Math.floor(k / width)]!) } as Column;
  };
  return createFrame([...sample.columns].map(([name, column]) => [name, fill(column)] as const));
}

/** A target that depends on the first features, with noise. Classification: every class occurs. */
export function sampleTarget(task: TaskType, features: Frame, seed: string): Target {
  const random = createRandom(`target/${seed}`);
  const columns = [...features.columns.values()].map((column) => (column as { values: Float32Array }).values);
  const clean = (value: number | undefined) => (Number.isFinite(value) ? value! : 0.3);
  const signal = (row: number) =>
    clean(columns[0]![row]) + 0.1 * clean(columns[1]![row]) + 0.3 * random.normal();
  const values = Float64Array.from({ length: features.rows }, (_, row) => signal(row));
  if (task === "regression") return { task, values: values.map((value) => 100 + 10 * value) };
  const classes = task === "binary" ? ["no", "yes"] : ["low", "middle", "high"];
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const codes = new Int32Array(features.rows);
  for (const [rank, row] of order.entries()) codes[row] = Math.floor((rank * classes.length) / features.rows);
  return { task, codes, classes };
}

export function sampleRows(style: FeatureStyle, task: TaskType, rows: number, seed: string): LabelledFrame {
  const features = sampleFeatures(style, rows, seed);
  return { features, target: sampleTarget(task, features, seed) };
}

function floats(length: number, value: (index: number) => number): Float32Array {
  return Float32Array.from({ length }, (_, index) => value(index));
}
function numbers(rows: number, value: () => number) {
  return { kind: "number", values: floats(rows, value) } as const;
}
