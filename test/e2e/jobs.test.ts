/** Predictions of whole files over HTTP: taken, computed by a process of their own, kept through restarts. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { verifyBundle } from "../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { createServer, type QuernServer } from "../../src/entries/http/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import { type Job, type JobQueue, jobSchema, jobSettingsSchema } from "../../src/foundation/contracts/job.js";
import { openPredictionJobs } from "../../src/workflows/jobs/prediction-jobs.js";
import { predictFile } from "../../src/workflows/use/predict-file.js";
import { writeJob } from "../fixtures/prediction-job.js";
import { MAIN, workFolder } from "./quern.js";

const ROWS = 900;
const { folder, remove } = workFolder();
const CSV = { "content-type": "text/csv" };
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  await writeJob(folder, ROWS);
  for (const ending of ["csv", "jsonl", "parquet"])
    await predictFile({ model: "./bundle", source: "rows.csv", out: `whole.${ending}` }, { folder });
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(remove);

const whole = (ending: string): Buffer => readFileSync(join(folder, `whole.${ending}`));
const rows = (): Buffer => readFileSync(join(folder, "rows.csv"));

interface Wishes {
  readonly name: string;
  readonly settings?: object;
  readonly chunkRows?: number;
  readonly tokens?: Parameters<typeof createServer>[0]["tokens"];
}

/** A server whose jobs lie in a folder of that name. */
async function serve({ name, settings = {}, chunkRows, tokens = [] }: Wishes): Promise<string> {
  const models = createModelPool({ clock });
  const bundle = join(folder, "bundle");
  await models.add(verifyBundle(bundle));
  const jobs = openPredictionJobs({
    ...{ folder: join(folder, name), settings: jobSettingsSchema.parse(settings), store: folder },
    ...{ clock, logger: silentLogger, referenceOf: () => bundle },
    ...(chunkRows === undefined ? {} : { chunkRows }),
  });
  const server: QuernServer = createServer(
    { port: 0, tokens },
    { models, jobs, clock, logger: silentLogger },
  );
  closing.push(async () => {
    await server.close();
    await jobs.close();
  });
  return server.listen();
}

const ask = async (url: string, init: RequestInit = {}) => {
  const answer = await fetch(url, init);
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Job & { error: { code: string } },
  };
};
const upload = (
  base: string,
  query = "",
  headers: Record<string, string> = {},
  body: Uint8Array | string = rows(),
) =>
  ask(`${base}/v1/jobs?model=small-multiclass${query}`, {
    method: "POST",
    headers: { ...CSV, ...headers },
    body: body as BodyInit,
  });
async function until(base: string, id: string, isSo: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const { body } = await ask(`${base}/v1/jobs/${id}`);
    if (isSo(body)) return jobSchema.parse(body);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
const ended = ({ state }: Job): boolean => state !== "queued" && state !== "running";

test("a file that is sent comes back predicted, whole or in parts", { timeout: 60_000 }, async () => {
  const base = await serve({ name: "sent" });
  const taken = await upload(base, "&output=jsonl");
  expect(taken.status).toBe(202);
  expect(taken.headers.get("location")).toBe(`/v1/jobs/${taken.body.id}`);
  expect(jobSchema.parse(taken.body)).toMatchObject({ state: "queued", rows: { done: 0, total: null } });
  const job = await until(base, taken.body.id, ended);
  expect(job).toMatchObject({
    ...{ state: "done", rows: { done: ROWS, total: ROWS }, error: null },
    input: { source: null, format: "csv", bytes: rows().length },
    result: { bytes: whole("jsonl").length },
  });
  const url = base + job.result!.path;
  const all = await fetch(url);
  expect(all.headers.get("content-type")).toBe("application/x-ndjson");
  expect(Buffer.from(await all.arrayBuffer())).toEqual(whole("jsonl"));
  for (const [range, start, end] of [
    ["bytes=10-99", 10, 100],
    ["bytes=10-", 10, undefined],
    ["bytes=-7", -7, undefined],
  ] as const) {
    const part = await fetch(url, { headers: { range } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole("jsonl").subarray(start, end));
  }
  const beyond = await ask(url, { headers: { range: "bytes=99999999-" } });
  expect(beyond).toMatchObject({ status: 416, body: { error: { code: "RANGE_UNSATISFIABLE" } } });
  const head = await fetch(url, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(job.result!.bytes));
  // The input is not kept longer than it is needed; the result until it is forgotten.
  expect(readdirSync(join(folder, "sent", job.id)).sort()).toEqual([
    "job.json",
    "result.jsonl",
    "state.json",
  ]);
  expect((await ask(`${base}/v1/jobs?state=done`)).body).toMatchObject({ items: [{ id: job.id }] });
  expect((await ask(`${base}/v1/jobs/${job.id}`, { method: "DELETE" })).status).toBe(200);
  expect((await ask(url)).body.error.code).toBe("JOB_NOT_FOUND");
});

test("a file that is named comes from the declared folder alone", { timeout: 60_000 }, async () => {
  mkdirSync(join(folder, "inputs/june"), { recursive: true });
  writeFileSync(join(folder, "inputs/june/rows.csv"), rows());
  const base = await serve({ name: "named", settings: { inputs: join(folder, "inputs") } });
  const name = (source: string, more: object = {}) =>
    ask(`${base}/v1/jobs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "small-multiclass", source, ...more }),
    });
  const taken = await name("june/rows.csv", { output: "parquet" });
  const job = await until(base, taken.body.id, ended);
  expect(job).toMatchObject({ state: "done", input: { source: "june/rows.csv" } });
  const result = await fetch(base + job.result!.path);
  expect(result.headers.get("content-type")).toBe("application/vnd.apache.parquet");
  expect(Buffer.from(await result.arrayBuffer())).toEqual(whole("parquet"));
  for (const hostile of ["../rows.csv", "/etc/passwd", "june/*.csv", "june", "%2e%2e/rows.csv", "-"]) {
    const { status, body } = await name(hostile);
    expect([status, body.error.code], hostile).toEqual([400, "PATH_REFUSED"]);
    expect(JSON.stringify(body)).not.toContain(folder);
  }
  for (const hostile of ["http://169.254.169.254/", "file:///etc/passwd", "s3://bucket/rows.csv"])
    expect((await name(hostile)).body.error.code, hostile).toBe("NETWORK_REFUSED");
  expect((await name("june/rows.csv", { model: "other" })).status).toBe(404);
});

test("what is wrong with the input is told with its place", { timeout: 60_000 }, async () => {
  const base = await serve({ name: "wrong" });
  const columns = await upload(base, "", {}, "age,member\n1,yes\n");
  expect(await until(base, columns.body.id, ended)).toMatchObject({
    ...{ state: "failed", result: null },
    error: { code: "PREDICTION_INPUT", details: { column: "balance" } },
  });
  const result = await ask(`${base}/v1/jobs/${columns.body.id}/result`);
  expect(result).toMatchObject({ status: 409, body: { error: { code: "JOB_UNFINISHED" } } });
  expect((await upload(base, "", { "content-type": "text/plain" })).status).toBe(400);
  const unnamed = await ask(`${base}/v1/jobs`, { method: "POST", headers: CSV, body: "a\n1\n" });
  expect(unnamed).toMatchObject({ status: 400, body: { error: { details: { field: "model" } } } });
  expect((await ask(`${base}/v1/jobs/..%2f..%2fbundle`)).status).toBe(404);
});

test("requirement 16: jobs are bounded in number and size, and the same key is the same job", {
  timeout: 60_000,
}, async () => {
  const base = await serve({ name: "bounded", settings: { queue: 1, limitBytes: 60_000 }, chunkRows: 1 });
  const key = { "idempotency-key": "june" };
  const [one, two] = await Promise.all([upload(base, "", key), upload(base, "", key)]);
  const answers = [one, two].map(({ status }) => status).sort();
  // At the same moment the second one may find no room; then it is asked again.
  expect([[200, 202].join(), [202, 503].join()]).toContain(answers.join());
  const taken = one.status === 202 ? one : two;
  const again = await upload(base, "", key);
  expect([again.status, again.body.id]).toEqual([200, taken.body.id]);
  const other = await upload(base, "", key, `${rows().toString()}1,2,no,,2020-01-02,good,"[1,2]"\n`);
  expect(other).toMatchObject({ status: 422, body: { error: { code: "KEY_REUSED" } } });
  const refused = await upload(base);
  expect(refused).toMatchObject({ status: 503, body: { error: { code: "OVERLOADED" } } });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const cancelled = await ask(`${base}/v1/jobs/${taken.body.id}`, { method: "DELETE" });
  expect(cancelled.body.state).toBe("cancelled");
  const large = await upload(base, "", {}, "x".repeat(60_001));
  expect(large).toMatchObject({ status: 413, body: { error: { code: "REQUEST_TOO_LARGE" } } });
  expect((await until(base, taken.body.id, ({ finishedAt }) => finishedAt !== null)).state).toBe("cancelled");
  expect(
    readdirSync(join(folder, "bounded", taken.body.id)).filter((file) => /^(input|result)/.test(file)),
  ).toEqual([]);
  expect(readdirSync(join(folder, "bounded")).filter((file) => file.startsWith("."))).toEqual([]);
});

test("requirement 16: servers over one folder compute no more jobs at once than is set, and say how many wait", {
  timeout: 60_000,
}, async () => {
  const shared = { name: "shared", settings: { queue: 6 }, chunkRows: 20 };
  const bases = [await serve(shared), await serve(shared), await serve(shared)];
  const taken = await Promise.all(
    Array.from({ length: 6 }, (_, k) => upload(bases[k % 3]!, "", { "idempotency-key": `shared ${k}` })),
  );
  expect(taken.map(({ status }) => status)).toEqual(Array(6).fill(202));
  const view = async () =>
    (await (await fetch(`${bases[1]!}/v1/jobs`)).json()) as { items: Job[]; queue: JobQueue };
  let page = await view();
  expect(page.queue).toMatchObject({ limit: 6, atOnce: 1 });
  expect(page.queue.waiting).toBeGreaterThanOrEqual(4);
  for (; page.queue.running + page.queue.waiting > 0; page = await view())
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(page.items.map(({ state }) => state)).toEqual(Array(6).fill("done"));
  const spans = page.items
    .map(({ startedAt, finishedAt }) => [startedAt!, finishedAt!] as const)
    .sort(([a], [b]) => a - b);
  for (const [k, [start]] of spans.slice(1).entries()) expect(start).toBeGreaterThanOrEqual(spans[k]![1]);
});

test("requirement 3: jobs ask for the permission to predict", async () => {
  const base = await serve({
    name: "guarded",
    tokens: [{ token: "a-token-that-reads-only", permissions: ["read"] }],
  });
  for (const [method, path] of [
    ["POST", ""],
    ["GET", ""],
    ["GET", "/x"],
    ["GET", "/x/result"],
    ["DELETE", "/x"],
  ]) {
    const url = `${base}/v1/jobs${path}`;
    const body = method === "POST" ? { body: "{}", headers: { "content-type": "application/json" } } : {};
    expect((await ask(url, { method: method!, ...body })).status).toBe(401);
    const headers = { authorization: "Bearer a-token-that-reads-only", "content-type": "application/json" };
    expect((await ask(url, { method: method!, ...body, headers })).status).toBe(403);
  }
});

test("what has ended is forgotten after its time", { timeout: 60_000 }, async () => {
  const first = await serve({ name: "kept" });
  const { body } = await upload(first);
  await until(first, body.id, ended);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await serve({ name: "kept", settings: { retention: "1s" } });
  for (let waited = 0; waited < 5000 && readdirSync(join(folder, "kept")).length > 0; waited += 50)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await ask(`${second}/v1/jobs`)).body).toEqual({
    items: [],
    queue: { running: 0, waiting: 0, limit: 20, atOnce: 1 },
  });
});

async function start(cwd: string): Promise<{ child: ChildProcess; base: string }> {
  const args = [MAIN, "serve", "./bundle", "--port", "0", "--json", "--quiet", "--job-folder", "killed"];
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "ignore"] });
  const [said] = await once(child.stdout!, "data");
  return { child, base: /http:\/\/[\w.:]+/.exec(String(said))![0] };
}

test("requirement 8: a job outlives kill -9 of the server, and no row is lost or doubled", {
  timeout: 120_000,
}, async () => {
  const { folder: place, remove: clear } = workFolder();
  await writeJob(place, 30_000);
  await predictFile({ model: "./bundle", source: "rows.csv", out: "whole.csv" }, { folder: place });
  let { child, base } = await start(place);
  const sent = readFileSync(join(place, "rows.csv"));
  const { body } = await upload(base, "", { "idempotency-key": "killed" }, sent);
  const half = await until(base, body.id, ({ rows: { done } }) => done > 0);
  expect(ended(half)).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  ({ child, base } = await start(place));
  const again = await upload(base, "", { "idempotency-key": "killed" }, sent);
  expect(again.body.id).toBe(body.id);
  const done = await until(base, body.id, ended);
  expect(done).toMatchObject({ state: "done", rows: { done: 30_000 }, startedAt: half.startedAt });
  const result = await fetch(base + done.result!.path);
  expect(Buffer.from(await result.arrayBuffer())).toEqual(readFileSync(join(place, "whole.csv")));
  child.kill("SIGTERM");
  await once(child, "exit");
  clear();
});
