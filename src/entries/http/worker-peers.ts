/** What server processes behind one port know of one another. */
import cluster, { type Worker } from "node:cluster";
import type { ServerPeers } from "./serve-models.js";
import { canaryPeers, relayCanaries } from "./worker-canaries.js";
import { metricPeers, WorkerMetrics } from "./worker-metrics.js";

/** In one of several processes: the others. Nothing where there is only one. */
export function workerPeers(): ServerPeers | undefined {
  return cluster.isWorker ? { metrics: metricPeers(), canaries: canaryPeers() } : undefined;
}

/** In the first process. @returns to be called with every process that is started */
export function introduceWorkers(): (worker: Worker) => void {
  const metrics = new WorkerMetrics();
  return (worker) => {
    metrics.attach(worker);
    relayCanaries(worker);
  };
}
