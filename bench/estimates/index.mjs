// What trainers estimate against what they take, on made data of several sizes.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { TRAINERS } from "../../dist/catalogue.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { createFrame } from "../../dist/foundation/contracts/frame.js";

/** Rows, features, classes (1: regression). */
const SIZES = [
  [500, 5, 2],
  [500, 100, 2],
  [5_000, 20, 1],
  [5_000, 20, 10],
  [5_000, 100, 2],
  [30_000, 20, 2],
  [100_000, 20, 2],
];
/** Configurations beside the default, each on one size. */
const VARIANTS = {
  gbdt: [
    [[5_000, 20, 2], { iterations: 50, leaves: 8 }],
    [[5_000, 20, 2], { leaves: 128, minRowsPerLeaf: 3 }],
    [[5_000, 20, 2], { extraTrees: true }],
    [[5_000, 20, 2], { linearLeaves: true, leaves: 8 }],
    [[5_000, 20, 2, 1_000], { earlyStopping: 50 }],
  ],
  "random-forest": [[[5_000, 20, 2], { featureShare: 1, criterion: "entropy" }]],
  "extra-trees": [[[5_000, 20, 2], { featureShare: 1, criterion: "entropy" }]],
};
const MOST_FITS = 3;
/** One fit of this many seconds is enough. */
const LONG_SECONDS = 1;

/** Numbers with a smooth, a crossed and a noisy part in the target. */
function makeData({ capabilities }, rows, columns, classes, seed) {
  const random = createRandom(seed);
  // What counts has no negative values.
  const drawn = () => (capabilities.features === "counts" ? Math.abs(random.normal()) : random.normal());
  const normal = () => Float32Array.from({ length: rows }, drawn);
  const x = Array.from({ length: columns }, normal);
  const values = Float64Array.from(normal(), (noise, row) => x[0][row] + x[1][row] * x[2][row] + 0.7 * noise);
  const features = createFrame(x.map((column, j) => [`x${j}`, { kind: "number", values: column }]));
  if (classes === 1) return { features, target: { task: "regression", values } };
  const order = Float64Array.from(values).sort();
  const cuts = Array.from({ length: classes - 1 }, (_, k) => order[Math.floor(((k + 1) * rows) / classes)]);
  const codes = Int32Array.from(values, (value) => cuts.filter((cut) => value > cut).length);
  const names = Array.from({ length: classes }, (_, k) => `class ${k}`);
  return { features, target: { task: classes === 2 ? "binary" : "multiclass", codes, classes: names } };
}

const taskOf = (classes) => (classes === 1 ? "regression" : classes === 2 ? "binary" : "multiclass");

async function measure(trainer, [rows, columns, classes, validationRows], config) {
  const data = { train: makeData(trainer, rows, columns, classes, 1) };
  if (validationRows) data.validation = makeData(trainer, validationRows, columns, classes, 2);
  const before = process.resourceUsage().maxRSS;
  let seconds = Number.POSITIVE_INFINITY;
  for (let k = 0; k < MOST_FITS && (k === 0 || seconds < LONG_SECONDS); k++) {
    const start = process.cpuUsage();
    await trainer.fit(data, config, {
      random: createRandom(0),
      signal: new AbortController().signal,
      clock: systemClock,
      logger: silentLogger,
      threads: 1,
      report: () => undefined,
    });
    const { user, system } = process.cpuUsage(start);
    seconds = Math.min(seconds, (user + system) / 1e6);
  }
  return { seconds, bytes: (process.resourceUsage().maxRSS - before) * 1024 };
}

function compare(trainer, size, options) {
  const [rows, features, classes, validationRows] = size;
  const config = trainer.config.parse(options);
  const validation = validationRows ? { validationRows } : {};
  const work = { rows, features, classes, task: taskOf(classes), threads: 1, ...validation };
  const expected = trainer.estimate(work, config);
  // A process of its own, so that its peak memory is its own.
  const job = JSON.stringify([trainer.id, size, options]);
  const taken = JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), job]).toString());
  const ratio = (key) => expected[key] / taken[key];
  const mark = (value) => `${value.toFixed(2)}${value < 0.5 || value > 2 ? " !" : "  "}`.padStart(8);
  const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0).padStart(6);
  console.log(
    [
      trainer.id.padEnd(22),
      size.join(" x ").padEnd(18),
      `${expected.seconds.toFixed(3).padStart(8)} s of ${taken.seconds.toFixed(3).padStart(8)} s`,
      mark(ratio("seconds")),
      `${mebibytes(expected.bytes)} of ${mebibytes(taken.bytes)} MiB`,
      mark(ratio("bytes")),
      Object.keys(options).length > 0 ? JSON.stringify(options) : "",
    ].join("  "),
  );
}

function compareAll(wanted) {
  console.log("trainer, rows x features x classes (x validation rows), estimated of measured, ratio");
  for (const trainer of TRAINERS.filter(({ id }) => wanted.length === 0 || wanted.includes(id))) {
    const fitting = SIZES.filter(([, , classes]) => trainer.tasks.includes(taskOf(classes)));
    for (const size of fitting) compare(trainer, size, {});
    for (const [size, options] of VARIANTS[trainer.id] ?? []) compare(trainer, size, options);
  }
}

const [first, ...others] = process.argv.slice(2);
if (first?.startsWith("[")) {
  const [id, size, options] = JSON.parse(first);
  const trainer = TRAINERS.find((candidate) => candidate.id === id);
  console.log(JSON.stringify(await measure(trainer, size, trainer.config.parse(options))));
} else {
  compareAll(first ? [first, ...others] : []);
}
