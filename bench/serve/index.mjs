// Online prediction: Quern against FastAPI + onnxruntime on the same graph, one process each, alternated rounds.
// Usage: node bench/serve/index.mjs [--seconds 4] [--rounds 3] [--starts 10] [--alone]. Needs `npm run build`; makes its own Python venv.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
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
const seconds = option("seconds", 4);
const rounds = option("rounds", 3);
const starts = option("starts", 10);

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

/** MLflow is large: it is measured where it is installed. */
function hasMlflow(python) {
  try {
    execFileSync(python, ["-c", "import mlflow.pyfunc, onnxruntime"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** With two processors or more, the load comes from the last one alone and servers have the others. */
function pinned(command, parameters) {
  if (availableParallelism() < 2 || process.platform !== "linux") return [command, parameters];
  return ["taskset", ["-c", `0-${availableParallelism() - 2}`, command, ...parameters]];
}

/** Starts a server that prints its address; returns it with its cold start and the way to stop it. */
async function start(command, parameters) {
  const begun = performance.now();
  const child = spawn(...pinned(command, parameters), { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const found = /http:\/\/[\w.:]+/.exec(said);
      if (found) resolve(found[0]);
    });
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  return {
    address,
    begun,
    residentMb: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024,
    processorMs: () => processorMs(child.pid),
    /** A server that waits for idle connections is not waited for. */
    stop: () =>
      new Promise((resolve) => {
        const impatience = setTimeout(() => child.kill("SIGKILL"), 3000);
        child.once("exit", () => resolve(clearTimeout(impatience)));
        child.kill("SIGTERM");
      }),
  };
}

/** Processor time of a process and those it has started. Unlike rates, it hardly depends on what else the machine does. */
function processorMs(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13);
  return 10 * (Number(user) + Number(system)) + children.reduce((sum, child) => sum + processorMs(child), 0);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

await prepareModel(data, work);
/** Without the peers, to look at one's own figures. */
const isAlone = process.argv.includes("--alone");
const python = isAlone ? "" : pythonWithPeers();
const bundle = join(work, "bundle");
const peer = (style) => [
  python,
  [join(here, "fastapi_server.py"), join(bundle, "model.onnx"), join(bundle, "manifest.json"), style],
];
const servers = {
  quern: [
    process.execPath,
    [join(here, "../../dist/entries/cli/main.js"), "serve", bundle, "--port", "0", "--json", "--quiet"],
  ],
  ...(isAlone ? {} : { "FastAPI + pydantic": peer("pydantic"), "FastAPI, no pydantic": peer("plain") }),
  ...(!isAlone && hasMlflow(python)
    ? { MLflow: [python, [join(here, "mlflow_server.py"), join(bundle, "model.onnx"), work]] }
    : {}),
};
const rows = JSON.parse(readFileSync(join(work, "rows.json"), "utf8"));
const plain = { path: "/predict/adult", bodies: rows.map((row) => JSON.stringify(row)) };
/** Rows of one request that fills the queue, so that most are refused. */
const FLOOD_ROWS = 512;
const FLOOD_CONNECTIONS = 64;
const heavy = {
  path: "/predict/adult",
  bodies: [0, 1, 2].map((k) => JSON.stringify(rows.slice(k * FLOOD_ROWS, (k + 1) * FLOOD_ROWS))),
};
const invocations = {
  path: "/invocations",
  bodies: rows.map((row) => JSON.stringify({ dataframe_records: [row] })),
};
const requestsOf = (name) => (name === "MLflow" ? invocations : plain);
if (process.platform === "linux" && availableParallelism() > 1) {
  execFileSync("taskset", ["-a", "-cp", String(availableParallelism() - 1), String(process.pid)], {
    stdio: "ignore",
  });
}

/** Asks until the server listens: some say where before they do. */
async function firstAnswer(address, { path, bodies }) {
  const headers = { "content-type": "application/json" };
  for (let waited = 0; ; waited += 10) {
    try {
      const answer = await fetch(address + path, { method: "POST", headers, body: bodies[0] });
      if (!answer.ok) throw new Error(`${address}: ${await answer.text()}`);
      return;
    } catch (failure) {
      if (failure.cause?.code !== "ECONNREFUSED" || waited > 60_000) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const measured = {};
const note = (key, figures) => {
  measured[key] ??= [];
  measured[key].push(figures);
};
for (let round = 0; round < rounds; round++) {
  for (const [name, [command, parameters]] of Object.entries(servers)) {
    // Slow to start, and a hundred times slower than the rest: once says enough.
    if (name === "MLflow" && round > 0) continue;
    console.error(`round ${round + 1}: ${name}`);
    const { address, begun, residentMb, processorMs: spentMs, stop } = await start(command, parameters);
    await firstAnswer(address, requestsOf(name));
    if (name === "MLflow") note(`${name}|cold`, { milliseconds: performance.now() - begun });
    for (const connections of [1, 64]) {
      const before = spentMs();
      const figures = await generateLoad({ address, ...requestsOf(name), connections, seconds });
      const processorMicroseconds = (1000 * (spentMs() - before)) / figures.requests;
      note(`${name}|${connections}`, { ...figures, processorMicroseconds });
    }
    if (name === "quern") {
      const before = residentMb();
      // Three times as many callers as the server is fast with, each as quick as it can.
      const overload = { address, ...plain, connections: 192, seconds, mayRefuse: true };
      const figures = await generateLoad(overload);
      note("overload", { ...figures, grownMb: residentMb() - before });
      const flood = { address, ...heavy, connections: FLOOD_CONNECTIONS, seconds, mayRefuse: true };
      // Memory is that of a server that has been flooded before: what grows then grows for ever.
      await generateLoad(flood);
      const resident = residentMb();
      const flooded = await generateLoad(flood);
      note("flood", { ...flooded, residentMb: resident, grownMb: residentMb() - resident });
    }
    await stop();
  }
}

for (let turn = 0; turn < starts; turn++) {
  for (const [name, [command, parameters]] of Object.entries(servers)) {
    if (name === "MLflow") continue;
    const { address, begun, stop } = await start(command, parameters);
    await firstAnswer(address, requestsOf(name));
    note(`${name}|cold`, { milliseconds: performance.now() - begun });
    await stop();
  }
}

console.log(
  `\n${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
const medianOf = (key, figure) => median(measured[key].map((figures) => figures[figure] ?? 0));
console.log("one row a request, medians of alternated rounds, load generator on the same machine\n");
console.log(
  "| server | connections | req/s | p50 ms | p99 ms | processor us/req | quern req/s ratio | quern p99 ratio |",
);
console.log("|---|---|---|---|---|---|---|---|");
for (const connections of [1, 64]) {
  const of = (name, key) => medianOf(`${name}|${connections}`, key);
  for (const name of Object.keys(servers)) {
    const cells = [
      of(name, "requestsPerSecond").toFixed(0),
      of(name, "p50").toFixed(3),
      of(name, "p99").toFixed(3),
      of(name, "processorMicroseconds").toFixed(1),
    ];
    const ratios = ["requestsPerSecond", "p99"].map((key) => (of("quern", key) / of(name, key)).toFixed(2));
    console.log(
      `| ${name} | ${connections} | ${cells.join(" | ")} | ${name === "quern" ? " | " : ratios.join(" | ")} |`,
    );
  }
}

const busiest = Math.max(
  ...Object.values(measured).flatMap((all) => all.map(({ loadShare = 0 }) => loadShare)),
);
console.log(
  `\nthe load generator had its processor busy for at most ${(100 * busiest).toFixed(0)} % of the time`,
);
console.log("\ncold start to the first answer, ms, medians of alternated starts:");
for (const name of Object.keys(servers)) {
  console.log(`  ${name}: ${medianOf(`${name}|cold`, "milliseconds").toFixed(0)}`);
}
const peak = medianOf("quern|64", "requestsPerSecond");
const goodput = medianOf("overload", "requestsPerSecond");
console.log(
  `\noverload, 192 connections: ${((100 * goodput) / peak).toFixed(0)} % of the rate at 64, p99 ${medianOf("overload", "p99").toFixed(1)} ms, ` +
    `memory grown by ${medianOf("overload", "grownMb").toFixed(0)} MB`,
);
const flood = (figure) => medianOf("flood", figure);
console.log(
  `a queue that is full (rows of ${FLOOD_ROWS}, ${FLOOD_CONNECTIONS} connections): ${flood("refusedPerSecond").toFixed(0)} refusals a second within ` +
    `p50 ${flood("refusalP50").toFixed(1)} ms, p99 ${flood("refusalP99").toFixed(1)} ms, at most ${flood("refusalSlowest").toFixed(1)} ms; ` +
    `${flood("requestsPerSecond").toFixed(1)} answered a second; memory ${flood("residentMb").toFixed(0)} MB before, grown by ${flood("grownMb").toFixed(0)} MB`,
);
