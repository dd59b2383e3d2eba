// The classical trainers against scikit-learn's: log loss or RMSE on five folds, defaults on both sides.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TRAINERS } from "../../dist/catalogue.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { createFrame } from "../../dist/foundation/contracts/frame.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const work = join(root, ".bench/classical");
const environment = join(root, ".bench/venv-classical");
const python = process.env.QUERN_BENCH_PYTHON ?? join(environment, "bin/python");
const tablesFolder = process.env.QUERN_DATA ?? join(root, "examples/data");
const FOLDS = 5;

/** Target and kind (c: classes, r: regression). */
const TABLES = {
  "telco-churn": ["churn", "c"],
  "credit-g": ["class", "c"],
  car: ["class", "c"],
  penguins: ["species", "c"],
  attrition: ["Attrition", "c"],
  "adult-train": ["income", "c"],
  abalone: ["Class_Rings", "r"],
  "ames-housing": ["Sale_Price", "r"],
  "wine-quality-white": ["quality", "r"],
};

function prepare() {
  mkdirSync(work, { recursive: true });
  if (existsSync(python)) return;
  execFileSync("python3", ["-m", "venv", environment]);
  execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
    stdio: "inherit",
  });
}

function readTable(name, file) {
  const prefix = join(work, name);
  const [target, kind] = TABLES[name];
  execFileSync(python, [join(here, "peers.py"), file, target, kind, prefix], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const read = (extension, Type) => {
    const bytes = readFileSync(prefix + extension);
    return new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  };
  return {
    ...JSON.parse(readFileSync(`${prefix}.json`, "utf8")),
    x: read(".x", Float32Array),
    y: read(".y", Float64Array),
    fold: read(".fold", Int32Array),
  };
}

function takeFeatures({ x, width }, rows) {
  const values = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) values.set(x.subarray(row * width, (row + 1) * width), i * width);
  return createFrame([["x", { kind: "vector", values, width }]]);
}

function takeTarget({ y, classes }, rows) {
  if (classes === 0) return { task: "regression", values: Float64Array.from(rows, (row) => y[row]) };
  return {
    task: classes === 2 ? "binary" : "multiclass",
    codes: Int32Array.from(rows, (row) => y[row]),
    classes: Array.from({ length: classes }, (_, k) => `class ${k}`),
  };
}

function scoreOf(target, { values, classes }) {
  const mean = (length, term) =>
    Array.from({ length }, (_, row) => term(row)).reduce((a, b) => a + b, 0) / length;
  if (target.task === "regression") {
    return Math.sqrt(mean(values.length, (row) => (values[row] - target.values[row]) ** 2));
  }
  const least = Number.EPSILON;
  return mean(
    target.codes.length,
    (row) => -Math.log(Math.max(least, values[row * classes + target.codes[row]])),
  );
}

async function measure(trainer, table) {
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  const scores = [];
  let seconds = 0;
  for (let k = 0; k < FOLDS; k++) {
    const train = rows.filter((row) => table.fold[row] !== k);
    const test = rows.filter((row) => table.fold[row] === k);
    const data = { train: { features: takeFeatures(table, train), target: takeTarget(table, train) } };
    const start = process.cpuUsage();
    const model = await trainer.fit(data, trainer.config.parse({}), {
      random: createRandom(0),
      signal: new AbortController().signal,
      clock: systemClock,
      logger: silentLogger,
      threads: 1,
      report: () => undefined,
    });
    seconds += process.cpuUsage(start).user / 1e6 / FOLDS;
    scores.push(scoreOf(takeTarget(table, test), model.predict(takeFeatures(table, test))));
  }
  return { scores, seconds };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

prepare();
const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(TABLES)) {
  const file = join(tablesFolder, `${name}.csv`);
  if (!existsSync(file)) {
    console.log(`${name}: not in ${tablesFolder}`);
    continue;
  }
  const table = readTable(name, file);
  for (const [id, peer] of Object.entries(table.peers)) {
    const trainer = TRAINERS.find((candidate) => candidate.id === id);
    const { scores, seconds } = await measure(trainer, table);
    // Positive: ours is better (both scores are losses).
    const difference = (mean(peer.scores) - mean(scores)) / deviation(peer.scores);
    console.log(
      [
        name.padEnd(19),
        id.padEnd(21),
        mean(scores).toPrecision(5).padStart(9),
        `peer ${mean(peer.scores).toPrecision(5).padStart(9)}`,
        `${difference.toFixed(2).padStart(6)} sd`,
        `fit ${seconds.toFixed(3)} s, peer ${peer.seconds.toFixed(3)} s`,
      ].join("  "),
    );
  }
}
