// TreeSHAP against the shap package's C++ and LightGBM's own, same trees and rows, one thread, alternated pairs.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createTreeShap } from "../../dist/engines/kernels/tree-shap.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const work = join(root, ".bench/explain");
const environment = join(root, ".bench/venv-explain");
const python = process.env.QUERN_BENCH_PYTHON ?? join(environment, "bin/python");
const PAIRS = 5;

function prepare() {
  mkdirSync(work, { recursive: true });
  if (existsSync(python)) return;
  execFileSync("python3", ["-m", "venv", environment]);
  execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
    stdio: "inherit",
  });
}

function readArray(path, Type) {
  const bytes = readFileSync(path);
  return new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function readModel(name) {
  const recorded = JSON.parse(readFileSync(join(work, `${name}.json`), "utf8"));
  const nodes = recorded.nodeFeature.length;
  const trees = {
    outputs: 1,
    roots: Int32Array.from(recorded.roots),
    nodeFeature: Int32Array.from(recorded.nodeFeature),
    nodeThreshold: Float32Array.from(recorded.nodeThreshold),
    nodeFlags: Uint8Array.from(recorded.nodeFlags),
    nodeLeft: Int32Array.from(recorded.nodeLeft),
    nodeRight: Int32Array.from(recorded.nodeRight),
    nodeSet: new Int32Array(nodes).fill(-1),
    sets: new Uint32Array(0),
    categories: new Int32Array(recorded.features),
    leafValues: Float32Array.from(recorded.leafValues),
    leafRows: Int32Array.from(recorded.leafRows),
  };
  return {
    trees,
    features: recorded.features,
    rows: recorded.rows,
    x: readArray(join(work, `${name}.x`), Float32Array),
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

prepare();
const peer = spawn(python, [join(here, "peers.py"), work], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
await lines.next();
const ask = async (name, which) => {
  peer.stdin.write(`${name} ${which}\n`);
  return Number((await lines.next()).value);
};

console.log(
  "model      leaves  rows  quern s (with preparation)  shap s  ratio  LightGBM s  ratio  largest difference",
);
for (const name of ["boosting", "forest"]) {
  const { trees, features, rows, x } = readModel(name);
  const read = (block, start, count) => block.set(x.subarray(start * features, (start + count) * features));
  const times = { quern: [], prepared: [], shap: [], lightgbm: [] };
  let values;
  for (let pair = 0; pair < PAIRS; pair++) {
    const start = performance.now();
    const shap = createTreeShap(trees, features);
    const between = performance.now();
    values = shap.contributions(rows, read);
    const end = performance.now();
    times.quern.push((end - between) / 1000);
    times.prepared.push((end - start) / 1000);
    times.shap.push(await ask(name, "shap"));
    if (name === "boosting") times.lightgbm.push(await ask(name, "lightgbm"));
  }
  const expected = readArray(join(work, `${name}.shap`), Float64Array);
  const difference = values.reduce((worst, value, k) => Math.max(worst, Math.abs(value - expected[k])), 0);
  const [own, whole, theirs, light] = [times.quern, times.prepared, times.shap, times.lightgbm].map(median);
  console.log(
    `${name.padEnd(10)} ${String(trees.leafRows.length).padStart(6)} ${String(rows).padStart(5)}  ${own.toFixed(3)} (${whole.toFixed(3)})`.padEnd(
      52,
    ),
    `${theirs.toFixed(3)}  ${(whole / theirs).toFixed(2)}   ${light === undefined ? "–" : light.toFixed(3)}       ${light === undefined ? "–" : (whole / light).toFixed(2)}   ${difference.toExponential(1)}`,
  );
}
peer.stdin.end();
