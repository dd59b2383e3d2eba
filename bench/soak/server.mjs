// The server of `quern serve NAME`, whose inference threads can be killed. Usage: server.mjs STORE NAME. Prints its address.
import { Worker } from "node:worker_threads";
import { createModelPool, Traffic } from "../../dist/capabilities/serving/index.js";
import { openStore } from "../../dist/capabilities/stores/index.js";
import { createServer, createServingMetrics } from "../../dist/entries/http/index.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { builtFile } from "../../dist/foundation/base/module-file.js";
import { followRegistry } from "../../dist/workflows/serve/follow-registry.js";

const [folder, name] = process.argv.slice(2);
const threads = new Set();
const startWorker = (workerData) => {
  const thread = new Worker(builtFile("capabilities/serving/inference-worker.js"), { workerData });
  threads.add(thread);
  thread.once("exit", () => threads.delete(thread));
  return thread;
};
const metrics = createServingMetrics();
const models = createModelPool({ clock: systemClock, observer: metrics.observer, startWorker });
const store = await openStore(folder, { clock: systemClock, create: false });
const traffic = new Traffic(models, systemClock);
const registry = await followRegistry(store, models, [name], { logger: silentLogger, traffic });
const server = createServer(
  { port: 0 },
  { models, traffic, store, clock: systemClock, logger: silentLogger, metrics },
);
process.on("message", (message) => {
  if (message === "memory")
    process.send({ ...process.memoryUsage(), threads: threads.size, versions: models.list().length });
  else for (const thread of threads) thread.postMessage({ end: true });
});
process.once("SIGTERM", async () => {
  await server.close();
  await registry.stop();
  await store.close();
  process.disconnect();
});
console.log(await server.listen());
