export { createServer, type QuernServer, type ServerServices } from "./create-server.js";
export { createServingMetrics, type ServingMetrics } from "./metrics.js";
export { type RunningServer, type ServeRequest, serveModels } from "./serve-models.js";
export { parseServerOptions, type ServerOptions, serverOptionsSchema } from "./server-options.js";
export { introduceWorkers, workerPeers } from "./worker-peers.js";
