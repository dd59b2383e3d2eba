// Reads the files that data.py wrote and fits the trainer on them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gbdt } from "../../dist/capabilities/trainers/gbdt/gbdt.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { createFrame } from "../../dist/foundation/contracts/frame.js";

function floats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** {rows, columns, ..., x, y, fold?}; x is row-major. */
export function readTable(folder, name) {
  const meta = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const table = { ...meta, x: floats(join(folder, `${name}.x`)), y: floats(join(folder, `${name}.y`)) };
  return meta.categories ? { ...table, fold: floats(join(folder, `${name}.fold`)) } : table;
}

/** A feature frame of the given rows. */
export function frameOf(table, rows) {
  const columns = Array.from({ length: table.columns }, (_, j) => {
    const values = Float32Array.from(rows, (row) => table.x[row * table.columns + j]);
    const count = table.categories?.[j] ?? 0;
    const categories =
      count > 0 ? { categories: Array.from({ length: count }, (_, k) => `category ${k}`) } : {};
    return [`x${j}`, { kind: "number", values, ...categories }];
  });
  return createFrame(columns);
}

export function targetOf(table, rows) {
  if (table.task === "regression")
    return { task: "regression", values: Float64Array.from(rows, (row) => table.y[row]) };
  const classes = Array.from({ length: table.classes }, (_, k) => `class ${k}`);
  return { task: table.task, codes: Int32Array.from(rows, (row) => table.y[row]), classes };
}

export function fitModel(features, target, config, threads, trainer = gbdt, report = () => undefined) {
  return trainer.fit({ train: { features, target } }, trainer.config.parse(config), {
    random: createRandom(0),
    signal: new AbortController().signal,
    clock: { now: Date.now, elapsed: () => performance.now() },
    logger: { log: () => undefined },
    threads,
    report,
  });
}

export function areaUnderCurve(scores, positive) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b]);
  let rankSum = 0;
  let positives = 0;
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j < order.length && scores[order[j]] === scores[order[i]]) j++;
    for (let k = i; k < j; k++) {
      if (!positive[order[k]]) continue;
      rankSum += (i + j + 1) / 2;
      positives++;
    }
    i = j;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}
