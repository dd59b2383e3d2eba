// Online prediction: Quern against FastAPI + onnxruntime on the same graph, one process each, alternated rounds.
// Usage: node bench/serve/index.mjs [--seconds 5] [--rounds 3]. Needs `npm run build`; makes its own Python venv.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateLoad } from "./load.mjs";
import { prepareModel } from "./model.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const work = join(here, "../../.bench/serve");
const data = process.env.QUERN_DATA ?? join(here, "../../examples/data");
const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const seconds = option("seconds", 5);
const rounds = option("rounds", 3);

function pythonWithPeers() {
  const given = process.env.QUERN_BENCH_PYTHON;
  if (given) return given;
  const python = join(work, "venv/bin/python");
  if (!existsSync(python)) execFileSync("python3", ["-m", "venv", join(work, "venv")]);
  execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
    stdio: "inherit",
  });
  return python;
}

/** Starts a server that prints its address; returns it with the way to stop it. */
async function start(command, parameters) {
  const child = spawn(command, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    address,
    stop: () => new Promise((resolve) => child.once("exit", resolve) && child.kill("SIGTERM")),
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

await prepareModel(data, work);
const python = pythonWithPeers();
const bundle = join(work, "bundle");
const peer = (style) => [
  python,
  [join(here, "fastapi_server.py"), join(bundle, "model.onnx"), join(bundle, "manifest.json"), style],
];
const servers = {
  quern: [process.execPath, [join(here, "quern-server.mjs"), bundle]],
  "FastAPI + pydantic": peer("pydantic"),
  "FastAPI, no pydantic": peer("plain"),
};
const bodies = JSON.parse(readFileSync(join(work, "rows.json"), "utf8")).map((row) => JSON.stringify(row));

const measured = {};
for (let round = 0; round < rounds; round++) {
  for (const [name, [command, parameters]] of Object.entries(servers)) {
    const { address, stop } = await start(command, parameters);
    for (const connections of [1, 64]) {
      const figures = await generateLoad({ address, path: "/predict/adult", bodies, connections, seconds });
      measured[`${name}|${connections}`] ??= [];
      measured[`${name}|${connections}`].push(figures);
    }
    await stop();
  }
}

console.log(
  `\n${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log("one row a request, medians of alternated rounds, load generator on the same machine\n");
console.log("| server | connections | req/s | p50 ms | p99 ms | quern req/s ratio | quern p99 ratio |");
console.log("|---|---|---|---|---|---|---|");
for (const connections of [1, 64]) {
  const of = (name, key) => median(measured[`${name}|${connections}`].map((figures) => figures[key]));
  for (const name of Object.keys(servers)) {
    const cells = [
      of(name, "requestsPerSecond").toFixed(0),
      of(name, "p50").toFixed(3),
      of(name, "p99").toFixed(3),
    ];
    const ratios = ["requestsPerSecond", "p99"].map((key) => (of("quern", key) / of(name, key)).toFixed(2));
    console.log(
      `| ${name} | ${connections} | ${cells.join(" | ")} | ${name === "quern" ? " | " : ratios.join(" | ")} |`,
    );
  }
}
