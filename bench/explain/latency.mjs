// What `explain: true` costs: one row a request, one connection, plain and explained alternated, one process.
// Usage: node bench/explain/latency.mjs [--requests 300] [--models gbdt,random-forest]. Needs `npm run build`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, createServingMetrics } from "../../dist/entries/http/index.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { openModels, train } from "../../dist/index.js";

const data = join(
  process.env.QUERN_DATA ?? new URL("../../examples/data", import.meta.url).pathname,
  "telco-churn.csv",
);
const told = (flag) => process.argv.includes(flag) && process.argv[process.argv.indexOf(flag) + 1];
const REQUESTS = Number(told("--requests") || 300);
/** Models alone, and what a training without wishes makes. */
const MODELS = {
  gbdt: ["gbdt"],
  "logistic-regression": ["logistic-regression"],
  "random-forest": ["random-forest"],
  "nearest-neighbours": ["nearest-neighbours"],
  ensemble: "auto",
};
const asked = (told("--models") || Object.keys(MODELS).join(",")).split(",");
const TRIALS = 8;

const folder = mkdtempSync(join(tmpdir(), "quern-explain-"));
const options = { folder, store: join(folder, ".quern") };
const [head, line] = readFileSync(data, "utf8").split(/\r?\n/);
const bare = (text) => text.replace(/^"|"$/g, "");
const cells = line.split(",").map(bare);
const row = Object.fromEntries(head.split(",").map((name, k) => [bare(name), cells[k]]));
delete row.churn;

const names = [];
for (const name of asked) {
  const models = MODELS[name];
  const evaluation = { learningCurve: false, resamples: 0 };
  const project = {
    name,
    task: { target: "churn" },
    data: { source: data },
    models,
    ...(models === "auto" ? { tuning: { trials: TRIALS } } : {}),
    evaluation,
  };
  names.push((await train({ project }, options)).model);
}
const metrics = createServingMetrics();
const served = await openModels(names, metrics.observer, options);
const server = createServer(
  { port: 0 },
  { models: served.pool, clock: systemClock, logger: silentLogger, metrics },
);
const base = await server.listen();
const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];

async function timed(name, explain) {
  const start = performance.now();
  const response = await fetch(`${base}/predict/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rows: [row], explain }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(body));
  return { ms: performance.now() - start, method: body.predictions[0].explanation?.method };
}

console.log(
  "model                 method       plain p50 / p99 ms   explained p50 / p99 ms   ratio of medians",
);
for (const name of names) {
  const times = { plain: [], explained: [] };
  let method;
  for (let k = 0; k < REQUESTS + 20; k++) {
    const plain = await timed(name, false);
    const explained = await timed(name, true);
    method = explained.method;
    if (k < 20) continue;
    times.plain.push(plain.ms);
    times.explained.push(explained.ms);
  }
  const text = (values) => `${quantile(values, 0.5).toFixed(2)} / ${quantile(values, 0.99).toFixed(2)}`;
  const ratio = quantile(times.explained, 0.5) / quantile(times.plain, 0.5);
  console.log(
    name.padEnd(21),
    method.padEnd(12),
    text(times.plain).padEnd(20),
    text(times.explained).padEnd(24),
    ratio.toFixed(2),
  );
}
await server.close();
await served.close();
rmSync(folder, { recursive: true, force: true });
