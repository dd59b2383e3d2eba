/** The runtime underneath would tell its maker of each process: nothing of Quern's lets it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { penguins, writeLines } from "./data.js";
import { MAIN, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const PENGUIN = {
  ...{ island: "Torgersen", bill_length_mm: 39.1, bill_depth_mm: 18.7, flipper_length_mm: 181 },
  ...{ body_mass_g: 3750, sex: "male", year: 2007 },
};

/** Where the runtime would leave its identifier, its queue of events and its logs. */
const traces = join(folder, "traces");
const env = {
  ...{ TMPDIR: join(traces, "temporary"), XDG_CACHE_HOME: join(traces, "cache"), HOME: join(traces, "home") },
  // Any of them would silence it by itself.
  ...{ CI: "", GITHUB_ACTIONS: "", TF_BUILD: "", ORT_RUNNING_UNIT_TESTS: "" },
};
const left = () =>
  readdirSync(traces, { recursive: true, withFileTypes: true }).filter((found) => found.isFile());

async function addressOf(server: ChildProcess): Promise<string> {
  let said = "";
  for await (const chunk of server.stdout!) {
    said += chunk;
    const found = /http:\/\/[\d.:]+/.exec(said);
    if (found) return found[0];
  }
  throw new Error(said);
}

it("neither trainings nor servers leave a trace of the runtime's telemetry", async () => {
  for (const path of [env.TMPDIR, env.XDG_CACHE_HOME, env.HOME]) mkdirSync(path, { recursive: true });
  writeLines(join(folder, "data.csv"), penguins());
  const trained = await quern(
    ["train", "data.csv", "--target", "species", "--models", "logistic-regression", "--name", "quiet"],
    { cwd: folder, env },
  );
  expect(trained.code, trained.stderr).toBe(0);
  // The models of a server are opened by threads.
  const server = spawn(process.execPath, [MAIN, "serve", "quiet", "--port", "0", "--json", "--quiet"], {
    cwd: folder,
    env: { ...process.env, QUERN_HOME: "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  try {
    const address = await addressOf(server);
    const rows = Array.from({ length: 300 }, () => PENGUIN);
    for (const body of [rows, { rows: rows.slice(0, 2), explain: true }]) {
      const init = { method: "POST", headers: { "content-type": "application/json" } };
      const answer = await fetch(`${address}/predict/quiet`, { ...init, body: JSON.stringify(body) });
      expect(answer.status, await answer.text()).toBe(200);
    }
  } finally {
    server.kill("SIGTERM");
    await ended;
  }
  expect(left().map(({ name }) => name)).toEqual([]);
}, 120_000);
