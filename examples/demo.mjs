// The whole way on real data: train, judge, export and query a churn model. `npm run demo` builds and runs it.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const examples = dirname(fileURLToPath(import.meta.url));
const quernMain = join(dirname(examples), "dist/entries/cli/main.js");
const project = join(examples, "churn");
const work = mkdtempSync(join(tmpdir(), "quern-demo-"));
const store = join(work, "store");
const started = performance.now();

/** Runs one command as a user would type it, showing it and what it prints. */
function quern(...args) {
  console.log(`\n$ quern ${args.join(" ")}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [quernMain, ...args, "--store", store], {
      cwd: project,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`quern ${args[0]} ended with ${code}`)),
    );
  });
}

/** Starts the server on a free port, asks it about one customer and stops it. */
async function askServer() {
  console.log("\n$ quern serve churn --port 0");
  const server = spawn(process.execPath, [quernMain, "serve", "churn", "--port", "0", "--store", store], {
    cwd: project,
    stdio: ["ignore", "inherit", "pipe"],
  });
  try {
    const address = await new Promise((resolve, reject) => {
      server.on("exit", () => reject(new Error("The server ended.")));
      createInterface({ input: server.stderr }).on("line", (line) => {
        console.log(line);
        const found = /http:\/\/[\w.:[\]]+/.exec(line);
        if (found) resolve(found[0]);
      });
    });
    const [customer] = JSON.parse(readFileSync(join(work, "export/sample.json"), "utf8")).requests;
    console.log(`\n$ curl ${address}/predict/churn -d '${JSON.stringify(customer)}'`);
    const response = await fetch(`${address}/predict/churn`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(customer),
    });
    if (!response.ok) throw new Error(`The server answered ${response.status}: ${await response.text()}`);
    console.log(JSON.stringify(await response.json(), null, 2));
  } finally {
    server.kill("SIGTERM");
    await new Promise((resolve) => server.once("exit", resolve));
  }
}

try {
  await quern("train");
  await quern("explain", "churn");
  await quern("export", "churn", "--out", join(work, "export"), "--types");
  await quern(
    "predict",
    "churn",
    join(examples, "data/telco-churn.csv"),
    "--out",
    join(work, "predictions.csv"),
  );
  console.log(readFileSync(join(work, "predictions.csv"), "utf8").split("\n").slice(0, 4).join("\n"));
  await askServer();
  console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
