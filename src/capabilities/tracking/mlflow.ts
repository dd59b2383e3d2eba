import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { groupsOf } from "../../foundation/base/groups.js";
import type { OutboundClient } from "../../foundation/base/outbound-client.js";
import type { RunTracker } from "./run-tracker.js";

export interface MlflowOptions {
  /** Of the tracking server, such as `http://localhost:5000`. */
  readonly url: string;
  /** Found by name, or made. */
  readonly experiment: string;
  readonly runName: string;
  /** Must allow the server's host. */
  readonly client: OutboundClient;
  readonly clock: Clock;
  /** `Bearer …` or `Basic …`, for servers that ask for it. */
  readonly authorization?: string;
  readonly signal?: AbortSignal;
}

/** Limits of the REST API for one request. */
const [MAX_METRICS, MAX_PARAMETERS, MAX_VALUE_CHARACTERS] = [1000, 100, 6000];
const STATUS = { finished: "FINISHED", failed: "FAILED", stopped: "KILLED" } as const;

/**
 * A run on an MLflow tracking server (REST API 2.0).
 * @throws QuernError NETWORK_REFUSED, NETWORK_FAILED
 */
export async function createMlflowRun(options: MlflowOptions): Promise<RunTracker & { readonly id: string }> {
  const { experiment, runName, clock } = options;
  const call = createCaller(options);
  const experimentId = await experimentOf(call, experiment);
  const created = await call("POST", "runs/create", {
    experiment_id: experimentId,
    run_name: runName,
    start_time: clock.now(),
    tags: [{ key: "mlflow.source.name", value: "quern" }],
  });
  const id = textAt(created, "run", "info", "run_id");
  const logMetrics = async (points: readonly Point[]): Promise<void> => {
    const timestamp = clock.now();
    const metrics = points
      .filter(({ value }) => Number.isFinite(value))
      .map(({ name, value, step }) => ({ key: plainKey(name), value, timestamp, step }));
    for (const part of groupsOf(metrics, MAX_METRICS)) {
      await call("POST", "runs/log-batch", { run_id: id, metrics: part });
    }
  };
  return {
    id,
    async settings(values) {
      const params = Object.entries(values).map(([key, value]) => ({
        key: plainKey(key),
        value: String(value).slice(0, MAX_VALUE_CHARACTERS),
      }));
      for (const part of groupsOf(params, MAX_PARAMETERS)) {
        await call("POST", "runs/log-batch", { run_id: id, params: part });
      }
    },
    scalars: (step, values) =>
      logMetrics(Object.entries(values).map(([name, value]) => ({ name, value, step }))),
    series: (values) =>
      logMetrics(
        Object.entries(values).flatMap(([name, curve]) =>
          curve.map((value, step) => ({ name, value, step })),
        ),
      ),
    async end(outcome) {
      await call("POST", "runs/update", { run_id: id, status: STATUS[outcome], end_time: clock.now() });
    },
  };
}

interface Point {
  readonly name: string;
  readonly value: number;
  readonly step: number;
}

/** Answers the JSON of a 200, or `undefined` when what was asked for is not there. */
type Caller = (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>;

function createCaller({ url, client, authorization, signal }: MlflowOptions): Caller {
  const base = url.replace(/\/+$/, "");
  return async (method, path, body) => {
    const response = await client.request(`${base}/api/2.0/mlflow/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(authorization ? { authorization } : {}),
      },
      ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
      ...(signal ? { signal } : {}),
    });
    const text = await textOf(response.body);
    if (response.status === 404 && method === "GET") return undefined;
    if (response.status !== 200) throw failed(base, path, response.status, text);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw failed(base, path, response.status, "no JSON", cause);
    }
  };
}

async function experimentOf(call: Caller, name: string): Promise<string> {
  const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  const found = await call("GET", path);
  if (found !== undefined) return textAt(found, "experiment", "experiment_id");
  return textAt(await call("POST", "experiments/create", { name }), "experiment_id");
}

const MAX_ANSWER_BYTES = 2 ** 20;

async function textOf(body: NodeJS.ReadableStream & { destroy(): void }): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_ANSWER_BYTES) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function textAt(value: unknown, ...path: readonly string[]): string {
  let current = value;
  for (const key of path) current = (current as Readonly<Record<string, unknown>> | undefined | null)?.[key];
  if (typeof current === "string") return current;
  throw new QuernError("NETWORK_FAILED", `The MLflow server answers without ${path.join(".")}.`, {
    hint: "Check that the address is of an MLflow tracking server.",
  });
}

/** MLflow takes letters, digits, underscores, dashes, periods, spaces and slashes. */
const plainKey = (key: string): string => key.replace(/[^\w\-. /]/g, "_").slice(0, 250);

function failed(base: string, path: string, status: number, answer: string, cause?: unknown): QuernError {
  const words = answer.slice(0, 300);
  return new QuernError(
    "NETWORK_FAILED",
    `The MLflow server ${base} answers ${path} with ${status}: ${words}`,
    {
      hint: "Check the address, the authorization and the server's log.",
      details: { status },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
