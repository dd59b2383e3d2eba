// A server under load for a long time, with promotions, loading and dying threads; every answer is checked.
// Usage: node bench/soak/index.mjs [--minutes 30] [--share 0.8] [--connections 32]. Needs `npm run build`.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadBundle } from "../../dist/capabilities/bundles/index.js";
import { openStore } from "../../dist/capabilities/stores/index.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { promoteIn, rollbackIn } from "../../dist/workflows/serve/promote.js";
import { prepareModel } from "../serve/model.mjs";
import { sendLoad } from "./client.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const data = process.env.QUERN_DATA ?? join(here, "../../examples/data");
const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const minutes = option("minutes", 30);
const share = option("share", 0.8);
const connections = option("connections", 32);
const NAME = "adult";
/** Boosting rounds of each version: their answers differ. */
const ITERATIONS = [100, 60, 80, 40];
const ROWS = 600;
/** Every so many requests one goes to the inference thread, with so many rows. */
const LARGE_EVERY = 12;
const LARGE_ROWS = 40;
/** A thread that never lives long is another matter. */
const KILL_GAP_MS = 3000;
const GROWTH_LIMIT = 0.05;

const folder = mkdtempSync(join(tmpdir(), "quern-soak-"));
const store = await openStore(join(folder, "store"), { clock: systemClock, create: true });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Registers the versions; returns rows and what each version answers for them. */
async function prepareVersions() {
  const expected = new Map();
  let rows;
  for (const iterations of ITERATIONS) {
    const version = await store.models.reserveVersion(NAME);
    const made = join(folder, `version-${version}`);
    await prepareModel(data, made, { version, iterations });
    rows ??= JSON.parse(readFileSync(join(made, "rows.json"), "utf8")).slice(0, ROWS);
    const bundle = await loadBundle(join(made, "bundle"));
    expected.set(version, await bundle.predict(rows));
    await bundle.close();
    await store.models.register({
      ...{ name: NAME, version, task: "binary", document: {} },
      folder: join(made, "bundle"),
    });
  }
  return { rows, expected };
}

function describeMistake({ model, version, predictions }, first, count, expected) {
  const answers = expected.get(version);
  if (model !== NAME || !answers) return `answered by ${model}@${version}`;
  if (predictions.length !== count) return `${predictions.length} answers for ${count} rows`;
  for (const [k, { label, probabilities }] of predictions.entries()) {
    const wanted = answers[(first + k) % ROWS];
    const isRight =
      label === wanted.label &&
      Object.entries(wanted.probabilities).every(
        ([name, value]) => Math.abs(probabilities[name] - value) < 1e-5,
      );
    if (!isRight) return `row ${first + k} by version ${version}: ${JSON.stringify(probabilities)}`;
  }
  return undefined;
}

function requestsFor(rows, expected) {
  return rows.map((row, first) => {
    const count = first % LARGE_EVERY === 0 ? LARGE_ROWS : 1;
    const several = Array.from({ length: count }, (_, k) => rows[(first + k) % ROWS]);
    const body = JSON.stringify(count === 1 ? row : several);
    const head = `POST /predict/${NAME} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
    return {
      bytes: Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
      judge: (answer) => describeMistake(answer, first, count, expected),
    };
  });
}

/** Changes something every second or so until `end`; returns how often what happened. */
async function disturb(server, end) {
  const random = createRandom("soak");
  const happened = { promotions: 0, rollbacks: 0, kills: 0 };
  const seen = new Set();
  let killedAt = 0;
  while (performance.now() < end) {
    await wait(500 + random.integer(1500));
    const kind = random.integer(10);
    if (kind < 4 && performance.now() - killedAt > KILL_GAP_MS) {
      killedAt = performance.now();
      server.send("kill");
      happened.kills += 1;
    } else if (kind < 5 && happened.promotions > 1) {
      await rollbackIn(store, { name: NAME, reason: "soak" });
      happened.rollbacks += 1;
    } else {
      const version = 1 + random.integer(ITERATIONS.length);
      const { version: current } = await store.models.get(NAME);
      if (version === current) continue;
      await promoteIn(store, { model: `${NAME}@${version}`, reason: "soak", force: true });
      seen.add(version);
      happened.promotions += 1;
    }
  }
  return { ...happened, versions: seen.size };
}

const residentMb = ({ pid }) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

/** What the memory of the server is made of, in MB: `native` is neither the heap nor buffers: models, threads, the allocator. */
async function partsOf(child) {
  child.send("memory");
  const [{ rss, heapTotal, heapUsed, external, arrayBuffers, threads, versions }] = await once(
    child,
    "message",
  );
  const mb = (bytes) => Math.round(bytes / 2 ** 20);
  return (
    `heap ${mb(heapUsed)} of ${mb(heapTotal)}, external ${mb(external)} (buffers ${mb(arrayBuffers)}), ` +
    `native ${mb(rss - heapTotal - external)}; ${threads} threads, ${versions} versions open`
  );
}

/**
 * The least of each tenth of the time: between two sweeps memory says little. The first three tenths warm up; then the middle
 * one of the next three is compared with that of the last three, for how many versions are open just then comes and goes.
 */
function growthOf(samples) {
  const lows = Array.from({ length: 10 }, (_, k) => {
    const [from, to] = [k, k + 1].map((tenths) => Math.floor((tenths * samples.length) / 10));
    return Math.min(...samples.slice(from, to));
  });
  const middle = (from) => lows.slice(from, from + 3).toSorted((a, b) => a - b)[1];
  const [first, last] = [middle(3), middle(7)];
  return { lows, first, last, growth: last / first - 1 };
}

const { rows, expected } = await prepareVersions();
await promoteIn(store, { model: `${NAME}@1`, reason: "soak", force: true });
const requests = requestsFor(rows, expected);
const server = fork(join(here, "server.mjs"), [join(folder, "store"), NAME], {
  stdio: ["ignore", "pipe", "inherit", "ipc"],
});
const [said] = await once(server.stdout, "data");
const address = said.toString().trim();

const fast = sendLoad({ address, requests, connections, rate: Number.POSITIVE_INFINITY });
await wait(3000);
const before = fast.counts.answered;
await wait(5000);
const peak = (fast.counts.answered - before) / 5;
const warmUp = await fast.stop();
console.error(
  `peak ${peak.toFixed(0)} requests a second; ${minutes} minutes at ${(100 * share).toFixed(0)} %`,
);

const load = sendLoad({ address, requests, connections, rate: share * peak });
const end = performance.now() + minutes * 60_000;
const memory = [];
const partsBefore = await partsOf(server);
const sampling = setInterval(() => memory.push(residentMb(server)), 1000);
const happened = await disturb(server, end);
clearInterval(sampling);
const counts = await load.stop();
const partsAfter = await partsOf(server);
server.kill("SIGTERM");
await once(server, "exit");
await store.close();
rmSync(folder, { recursive: true, force: true });

const { lows, first, last, growth } = growthOf(memory);
const wrong = counts.wrong + warmUp.wrong;
const lost = counts.lost + warmUp.lost;
console.log(
  `${counts.answered} requests answered and checked (${(counts.answered / minutes / 60).toFixed(0)} a second), ${counts.refused} refused\n` +
    `${happened.promotions} promotions among ${happened.versions} versions, ${happened.rollbacks} rollbacks, ${happened.kills} kills of all threads\n` +
    `wrong ${wrong}, lost ${lost}; memory ${first.toFixed(0)} -> ${last.toFixed(0)} MB (${(100 * growth).toFixed(1)} %)\n` +
    `least of each tenth in MB: ${lows.map((low) => low.toFixed(0)).join(" ")}\n` +
    `parts in MB, first: ${partsBefore}\n            last: ${partsAfter}`,
);
for (const example of [...warmUp.examples, ...counts.examples]) console.log(`  ${example}`);
process.exitCode = wrong > 0 || lost > 0 || growth >= GROWTH_LIMIT ? 1 : 0;
