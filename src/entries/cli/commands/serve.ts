import { join, resolve } from "node:path";
import { z } from "zod";
import { systemClock } from "../../../foundation/base/clock.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { Logger } from "../../../foundation/base/logger.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { Permission } from "../../../foundation/contracts/http.js";
import {
  type JobSettings,
  jobSettingsSchema,
  type PredictionJobs,
} from "../../../foundation/contracts/job.js";
import type { WorkflowOptions } from "../../../workflows/context.js";
import { openExperiments } from "../../../workflows/experiment/ask-experiments.js";
import { openPredictionJobs } from "../../../workflows/jobs/prediction-jobs.js";
import { storeFolder } from "../../../workflows/locate-store.js";
import { openModels, type ServedModels } from "../../../workflows/serve/open-pool.js";
import { openTraces } from "../../../workflows/serve/open-traces.js";
import { openPredictionLog } from "../../../workflows/watch/prediction-log.js";
import {
  createServer,
  createServingMetrics,
  parseServerOptions,
  type QuernServer,
  serverOptionsSchema,
  WorkerMetrics,
  workerPeers,
} from "../../http/index.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { flagOf } from "../flag-of.js";
import type { Io } from "../io.js";
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
      const counted = new WorkerMetrics();
      return runServeWorkers({
        ...{ workers, workerMemoryMb, io },
        onStart: (worker) => counted.attach(worker),
      });
    }
    const metrics = createServingMetrics(workerPeers());
    const logger = lineLogger(io);
    const tracer = openTraces(
      { url: traces, sample: traceSample, environment: process.env },
      { ...workflowOptions(options, io), logger },
    );
    const served = await openModels(models, metrics.observer, {
      ...workflowOptions(options, io),
      logger,
      cacheBytes: cacheMb * 2 ** 20,
    });
    const predictions = log
      ? openPredictionLog(projectSettings(undefined).monitoring.log, {
          ...workflowOptions(options, io),
          logger,
        })
      : undefined;
    const jobs = openJobs(jobWishes, served, { ...workflowOptions(options, io), logger });
    let instance: QuernServer | undefined;
    try {
      instance = createServer(wishes, {
        models: served.pool,
        traffic: served.traffic,
        clock: systemClock,
        logger,
        metrics,
        ...(predictions ? { predictions } : {}),
        ...(jobs ? { jobs } : {}),
        ...(tracer ? { tracer } : {}),
        ...ofStore(served, workflowOptions(options, io)),
      });
      const address = await instance.listen().catch(explainPort);
      const stopped = workerSignal(io.signal);
      announceReady();
      const { grpcAddress } = instance;
      const names = served.pool.list().map((model) => `${model.manifest.name}@${model.manifest.version}`);
      const grpc = grpcAddress === undefined ? "" : `, gRPC at ${grpcAddress}`;
      io.note(`Serving ${names.join(", ")} at ${address} (routes: ${address}/docs)${grpc}. Ctrl-C stops.`);
      if (io.json) io.result({ address, ...(grpcAddress ? { grpcAddress } : {}), models: names }, () => "");
      await aborted(stopped);
      io.note("Stopping: what was accepted is answered.");
    } finally {
      await instance?.close();
      await jobs?.close();
      await predictions?.close();
      await tracer?.close();
      await served.close();
      leaveWorkers();
    }
    return 0;
  },
});

/** Where there is a store, or a folder is named for them. */
function openJobs(
  wishes: { readonly [Key in keyof JobSettings]?: JobSettings[Key] | undefined },
  { store, referenceOf }: ServedModels,
  options: WorkflowOptions & { readonly logger: Logger },
): PredictionJobs | undefined {
  const given = Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined));
  const settings: JobSettings = { ...projectSettings(undefined).jobs, ...given };
  const home = storeFolder(options);
  const folder = settings.folder ?? (store ? join(home, "jobs") : undefined);
  if (folder === undefined) return undefined;
  return openPredictionJobs({
    ...{ folder: resolve(folder), settings, store: home, referenceOf },
    ...{ clock: systemClock, logger: options.logger },
  });
}

function ofStore({ store, registry }: ServedModels, options: WorkflowOptions) {
  return {
    ...(store ? { store, experiments: openExperiments(store, storeFolder(options)) } : {}),
    ...(registry ? { refresh: () => registry.refresh() } : {}),
  };
}

function tokenOf(token: string | undefined, permissions: Permission[]) {
  return token ? [{ token, permissions }] : [];
}

/** A port that is taken or not allowed is the user's to change. */
function explainPort(failure: NodeJS.ErrnoException): never {
  if (!["EADDRINUSE", "EADDRNOTAVAIL", "EACCES", "ENOTFOUND"].includes(failure.code ?? "")) throw failure;
  throw new QuernError("USAGE", `The server cannot listen: ${failure.message}.`, {
    cause: failure,
    hint: "Choose another --port (0 takes any free one) or --host.",
  });
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Structured lines on standard error; debug lines stay away. */
function lineLogger(io: Io): Logger {
  return {
    log(level, message, facts) {
      if (level !== "debug")
        io.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...facts })}\n`);
    },
  };
}
