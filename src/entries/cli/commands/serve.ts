import { z } from "zod";
import { systemClock } from "../../../foundation/base/clock.js";
import { lineLogger } from "../../../foundation/base/logger.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { Permission } from "../../../foundation/contracts/http.js";
import { type JobSettings, jobSettingsSchema } from "../../../foundation/contracts/job.js";
import {
  introduceWorkers,
  parseServerOptions,
  type RunningServer,
  serveModels,
  serverOptionsSchema,
  workerPeers,
} from "../../http/index.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { flagOf } from "../flag-of.js";
import { projectSettings } from "../project-options.js";
import {
  announceReady,
  isServeWorker,
  leaveWorkers,
  runServeWorkers,
  workerSignal,
} from "../serve-workers.js";
import { workflowOptions } from "../workflow-options.js";

const { host, port, grpcPort, bodyLimitBytes, maximumRows } = serverOptionsSchema.shape;
const { requestTimeoutMs, drainTimeoutMs, maximumConnections } = serverOptionsSchema.shape;
const jobSettings = jobSettingsSchema.shape;

export const command = defineCommand({
  name: "serve",
  summary: "Serve models over HTTP",
  example: "quern serve churn --port 8080",
  arguments: [
    {
      name: "models...",
      help: "`name`, `name@3` or bundle paths; default: the current version of every model",
      required: false,
    },
  ],
  options: z.strictObject({
    host,
    port,
    grpcPort,
    token: z.string().min(16).optional().register(fields, {
      title: "Token that callers must send",
      help: "Default: QUERN_TOKEN. Needed for any address but this machine's own.",
    }),
    adminToken: z.string().min(16).optional().register(fields, {
      title: "Token that may also promote and roll back",
      help: "Default: QUERN_ADMIN_TOKEN. Without it a server that asks for tokens changes nothing.",
    }),
    allowedHosts: z
      .array(z.string())
      .default([])
      .register(fields, { title: "Further host names under which callers may address the server" }),
    ...{ bodyLimitBytes, maximumRows, requestTimeoutMs, drainTimeoutMs, maximumConnections },
    cacheMb: z.coerce.number().min(0).max(65_536).default(0).register(fields, {
      title: "Answers kept by the content of their rows; 0 keeps none",
      help: "Never across versions; of each process.",
      unit: "MB",
    }),
    traces: z.string().max(2000).optional().register(fields, {
      title: "Collector of OpenTelemetry traces, such as http://localhost:4318",
      help: "Default: OTEL_EXPORTER_OTLP_ENDPOINT. Naming it allows it.",
    }),
    traceSample: z.coerce.number().min(0).max(1).default(0.1).register(fields, {
      title: "Share of requests that are traced",
      help: "A caller that says in `traceparent` whether to record decides for itself.",
    }),
    // The project file may set these too; a flag wins where it is given.
    jobFolder: jobSettings.folder,
    jobInputs: jobSettings.inputs,
    jobHosts: flagOf(jobSettings.hosts),
    jobsAtOnce: flagOf(jobSettings.atOnce),
    jobQueue: flagOf(jobSettings.queue),
    jobLimitBytes: flagOf(jobSettings.limitBytes),
    jobRetention: flagOf(jobSettings.retention),
    log: z.boolean().default(false).register(fields, {
      title: "Log predictions in the store, so that `quern monitor` can judge them",
      help: "What is kept: `monitoring.log` in quern.yaml.",
    }),
    workers: z.coerce.number().int().min(1).max(64).default(1).register(fields, {
      title: "Processes that serve on the same port",
    }),
    workerMemoryMb: z.coerce.number().int().min(0).default(0).register(fields, {
      title: "Heap of each of several processes; 0 leaves it to the runtime",
      unit: "MB",
    }),
    ...commonOptions,
  }),
  async run(models, options, io) {
    const { json: _json, quiet: _quiet, store: _store, token, adminToken, ...rest } = options;
    const { jobFolder: folder, jobInputs: inputs, jobHosts: hosts, jobQueue: queue, ...more } = rest;
    const { jobsAtOnce: atOnce, jobLimitBytes: limitBytes, jobRetention: retention, ...others } = more;
    const { log, workers, workerMemoryMb, cacheMb, traces, traceSample, ...server } = others;
    const jobWishes = { folder, inputs, hosts, atOnce, queue, limitBytes, retention };
    const wishes = {
      ...server,
      tokens: [
        ...tokenOf(token ?? process.env.QUERN_TOKEN, ["predict", "read"]),
        ...tokenOf(adminToken ?? process.env.QUERN_ADMIN_TOKEN, ["predict", "read", "manage"]),
      ],
    };
    // What is wrong with the options is said before any model is opened.
    parseServerOptions(wishes);
    if (workers > 1 && !isServeWorker()) {
      return runServeWorkers({ workers, workerMemoryMb, io, onStart: introduceWorkers() });
    }
    const peers = workerPeers();
    let running: RunningServer | undefined;
    try {
      running = await serveModels(
        {
          ...{ models, server: wishes, cacheBytes: cacheMb * 2 ** 20, jobs: jobSettingsFrom(jobWishes) },
          traces: { url: traces, sample: traceSample, environment: process.env },
          ...(peers ? { peers } : {}),
          ...(log ? { log: projectSettings(undefined).monitoring.log } : {}),
        },
        { ...workflowOptions(options, io), logger: lineLogger(systemClock, (line) => io.stderr.write(line)) },
      );
      const { address, grpcAddress, models: names } = running;
      const stopped = workerSignal(io.signal);
      announceReady();
      const grpc = grpcAddress === undefined ? "" : `, gRPC at ${grpcAddress}`;
      io.note(`Serving ${names.join(", ")} at ${address} (routes: ${address}/docs)${grpc}. Ctrl-C stops.`);
      if (io.json) io.result({ address, ...(grpcAddress ? { grpcAddress } : {}), models: names }, () => "");
      await aborted(stopped);
      io.note("Stopping: what was accepted is answered.");
    } finally {
      await running?.close();
      leaveWorkers();
    }
    return 0;
  },
});

/** Of the project file, with what flags say instead. */
function jobSettingsFrom(
  wishes: {
    readonly [Key in keyof JobSettings]?: JobSettings[Key] | undefined;
  },
): JobSettings {
  const given = Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined));
  return { ...projectSettings(undefined).jobs, ...given };
}

function tokenOf(token: string | undefined, permissions: Permission[]) {
  return token ? [{ token, permissions }] : [];
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
