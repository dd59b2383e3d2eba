import { resolve } from "node:path";
import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import type { JobSettings, jobSettingsSchema, PredictionJobs } from "../../foundation/contracts/job.js";
import type { predictionLogSchema } from "../../foundation/contracts/prediction-log.js";
import type { CanaryPeers } from "../../foundation/contracts/serving.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../../workflows/context.js";
import { openExperiments } from "../../workflows/experiment/ask-experiments.js";
import { openPredictionJobs } from "../../workflows/jobs/prediction-jobs.js";
import { storeFolder } from "../../workflows/locate-store.js";
import { resolveProject } from "../../workflows/project/project-file.js";
import { openModels, type ServedModels } from "../../workflows/serve/open-pool.js";
import { openTraces, type TracesRequest } from "../../workflows/serve/open-traces.js";
import { openPredictionLog } from "../../workflows/watch/prediction-log.js";
import { createServer } from "./create-server.js";
import { createServingMetrics } from "./metrics.js";
import { parseServerOptions, type serverOptionsSchema } from "./server-options.js";
import type { MetricPeers } from "./shared-metrics.js";

export interface ServeRequest {
  /** `name`, `name@3` or paths of bundles; default: the current version of every registered model. */
  readonly models?: readonly string[];
  /** Address, port, tokens, limits; default: 127.0.0.1:8080 without a token. */
  readonly server?: z.input<typeof serverOptionsSchema>;
  /** Answers kept by the content of their rows, across no versions; default 0: none. */
  readonly cacheBytes?: number;
  /** Logs predictions in the store, so that they can be judged; `{}` as usual; default: none is logged. */
  readonly log?: z.input<typeof predictionLogSchema>;
  /** Whole files in the background, where there is a store or a folder for them; `{}` as usual; default: not offered. */
  readonly jobs?: z.input<typeof jobSettingsSchema>;
  /** Default: requests are not traced. */
  readonly traces?: TracesRequest;
  readonly peers?: ServerPeers;
}

/** Other processes that answer on the same port. */
export interface ServerPeers {
  /** Their counts are told with those of this one. */
  readonly metrics: MetricPeers;
  /** Canaries are judged by what they do in all of them. */
  readonly canaries: CanaryPeers;
}

export interface RunningServer {
  /** Base address, such as `http://127.0.0.1:8080`. */
  readonly address: string;
  /** `host:port`; absent where gRPC was not asked for. */
  readonly grpcAddress?: string;
  /** What was served at the start, as `name@version`. */
  readonly models: readonly string[];
  /** Answers what was accepted, takes nothing new, frees the models. Safe to call twice. */
  close(): Promise<void>;
}

interface Closable {
  close(): Promise<unknown>;
}

/**
 * Serves models over HTTP in this process, as `quern serve` does. The caller closes the server.
 * @throws QuernError CONFIG_INVALID, USAGE for an address that cannot be had, MODEL_NOT_FOUND, BUNDLE_INVALID, MODEL_REFUSED
 */
export async function serveModels(
  request: ServeRequest = {},
  options: WorkflowOptions = {},
): Promise<RunningServer> {
  const { models = [], server = {}, cacheBytes = 0, traces } = request;
  // What is wrong with the options is said before any model is opened.
  parseServerOptions(server);
  const settings = resolveProject({ jobs: request.jobs ?? {}, monitoring: { log: request.log ?? {} } });
  const context = workflowContext(options);
  const { clock, logger } = context;
  const opened: Closable[] = [];
  const close = async (): Promise<void> => {
    for (const part of opened.splice(0).reverse()) await part.close();
  };
  const keep = <Part extends Closable>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  try {
    const metrics = createServingMetrics(request.peers?.metrics);
    const tracer = traces && openTraces(traces, options);
    if (tracer) keep(tracer);
    const served = keep(
      await openModels(models, metrics.observer, { ...options, cacheBytes, peers: request.peers?.canaries }),
    );
    const predictions = request.log && keep(openPredictionLog(settings.monitoring.log, options));
    const jobs = request.jobs && openJobs(settings.jobs, served, { context, home: storeFolder(options) });
    if (jobs) keep(jobs);
    const instance = keep(
      createServer(server, {
        ...{ models: served.pool, traffic: served.traffic, clock, logger, metrics },
        ...(predictions ? { predictions } : {}),
        ...(jobs ? { jobs } : {}),
        ...(tracer ? { tracer } : {}),
        ...servicesOfStore(served, storeFolder(options)),
      }),
    );
    const address = await instance.listen().catch(explainPort);
    const { grpcAddress } = instance;
    return {
      ...{ address, close },
      ...(grpcAddress === undefined ? {} : { grpcAddress }),
      models: served.pool.list().map(({ manifest }) => `${manifest.name}@${manifest.version}`),
    };
  } catch (failure) {
    await close();
    throw failure;
  }
}

/** In the store's folder, or in the one that is named. */
function openJobs(
  settings: JobSettings,
  { store, referenceOf }: ServedModels,
  { context, home }: { readonly context: WorkflowContext; readonly home: string },
): PredictionJobs | undefined {
  const folder = settings.folder ?? (store ? resolve(home, "jobs") : undefined);
  if (folder === undefined) return undefined;
  return openPredictionJobs({
    ...{ folder: resolve(context.folder, folder), settings, store: home, referenceOf },
    ...{ clock: context.clock, logger: context.logger },
  });
}

function servicesOfStore({ store, registry }: ServedModels, home: string) {
  return {
    ...(store ? { store, experiments: openExperiments(store, home) } : {}),
    ...(registry ? { refresh: () => registry.refresh() } : {}),
  };
}

/** A port that is taken or not allowed is the user's to change. */
function explainPort(failure: NodeJS.ErrnoException): never {
  if (!["EADDRINUSE", "EADDRNOTAVAIL", "EACCES", "ENOTFOUND"].includes(failure.code ?? "")) throw failure;
  throw new QuernError("USAGE", `The server cannot listen: ${failure.message}.`, {
    cause: failure,
    hint: "Choose another --port (0 takes any free one) or --host.",
  });
}
