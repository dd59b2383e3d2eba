// Quern in one process, as `quern serve` runs it. Usage: quern-server.mjs BUNDLE. Prints its address.
import { verifyBundle } from "../../dist/capabilities/bundles/index.js";
import { createModelPool } from "../../dist/capabilities/serving/index.js";
import { createServer, createServingMetrics } from "../../dist/entries/http/index.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";

const metrics = createServingMetrics();
const models = createModelPool({ clock: systemClock, observer: metrics.observer });
await models.add(verifyBundle(process.argv[2]));
const server = createServer({ port: 0 }, { models, clock: systemClock, logger: silentLogger, metrics });
console.log(await server.listen());
process.once("SIGTERM", () => server.close());
