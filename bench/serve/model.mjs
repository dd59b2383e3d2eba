// Trains the model that every server serves: 100 trees x 31 leaves on adult, raw columns to probabilities in one graph.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInputs, writeBundle } from "../../dist/capabilities/bundles/index.js";
import { gbdt } from "../../dist/capabilities/trainers/gbdt/gbdt.js";
import { createGraph } from "../../dist/engines/onnx/index.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { createFrame } from "../../dist/foundation/contracts/frame.js";
import {
  declareInputs,
  declareOutputs,
  planGraphInputs,
} from "../../dist/foundation/contracts/model-graph.js";

const NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"];
const TARGET = "income";
const CLASSES = ["<=50K", ">50K"];

function readRows(path) {
  const [head, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(
      names.map((name, j) => [name, NUMBERS.includes(name) ? Number(cells[j]) : cells[j]]),
    );
  });
}

function frameOf(rows, columns) {
  return createFrame(
    columns.map(({ name, kind }) => {
      const values = rows.map((row) => row[name]);
      if (kind === "number") return [name, { kind, values: Float32Array.from(values) }];
      const dictionary = [...new Set(values)].filter((value) => value !== "").sort();
      return [
        name,
        { kind, codes: Int32Array.from(values, (value) => dictionary.indexOf(value)), dictionary },
      ];
    }),
  );
}

/** Trees take codes; -1 becomes NaN. */
function toFeatures(frame) {
  return createFrame(
    [...frame.columns].map(([name, column]) => {
      if (column.kind === "number") return [name, column];
      const values = Float32Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code));
      return [name, { kind: "number", values, categories: column.dictionary }];
    }),
  );
}

/** The same inside the graph. */
function emitCodes(graph, columns, frame) {
  return columns.map(({ name, kind, value }) => {
    if (kind === "number") return { name, kind, value };
    const { dictionary } = frame.columns.get(name);
    const codes = graph.op("LabelEncoder", [value], {
      attributes: {
        keys_strings: { strings: dictionary },
        values_floats: { floats: dictionary.map((_, code) => code) },
        default_float: { float: Number.NaN },
      },
    });
    return { name, kind: "number", value: codes };
  });
}

/** Writes `bundle/` and `rows.json` (rows of the test file) into `folder`. */
export async function prepareModel(data, folder, { version = 1, iterations = 100 } = {}) {
  const rows = readRows(join(data, "adult-train.csv"));
  const columns = Object.keys(rows[0])
    .filter((name) => name !== TARGET)
    .map((name) => ({ name, kind: NUMBERS.includes(name) ? "number" : "category", reason: "benchmark" }));
  const frame = frameOf(rows, columns);
  const codes = Int32Array.from(rows, (row) => CLASSES.indexOf(row[TARGET]));
  if (codes.includes(-1)) throw new Error(`A row of ${data} has another ${TARGET} than ${CLASSES}.`);
  const fitted = await gbdt.fit(
    { train: { features: toFeatures(frame), target: { task: "binary", codes, classes: CLASSES } } },
    gbdt.config.parse({ iterations, leaves: 31 }),
    {
      random: createRandom(0),
      signal: new AbortController().signal,
      clock: systemClock,
      logger: silentLogger,
      threads: 2,
      report: () => undefined,
    },
  );
  const graph = createGraph({ name: "adult" });
  const graphInputs = planGraphInputs(columns);
  const inputs = declareInputs(graph, graphInputs);
  const outputs = { kind: "classes", classes: CLASSES };
  declareOutputs(graph, outputs, fitted.emit(graph, emitCodes(graph, inputs, frame)));
  mkdirSync(folder, { recursive: true });
  await writeBundle(join(folder, "bundle"), {
    ...{ name: "adult", version, task: "binary", target: TARGET, lineage: {}, metrics: {} },
    ...{ inputs: describeInputs(columns, frame), graphInputs, outputs, model: graph.toBytes() },
  });
  const test = readRows(join(data, "adult-test.csv")).slice(0, 2000);
  for (const row of test) delete row[TARGET];
  writeFileSync(join(folder, "rows.json"), JSON.stringify(test));
}
