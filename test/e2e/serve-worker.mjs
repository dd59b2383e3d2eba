// A server in a process of its own, stopped by SIGTERM. Usage: serve-worker.mjs BUNDLE. Prints its address.
const dist = new URL("../../dist/", import.meta.url);
const load = (path) => import(new URL(path, dist));
const { verifyBundle } = await load("capabilities/bundles/index.js");
const { createModelPool } = await load("capabilities/serving/index.js");
const { createServer } = await load("entries/http/index.js");
const { systemClock } = await load("foundation/base/clock.js");
const { silentLogger } = await load("foundation/base/logger.js");

const models = createModelPool({ clock: systemClock });
await models.add(verifyBundle(process.argv[2]));
const server = createServer({ port: 0 }, { models, clock: systemClock, logger: silentLogger });
process.once("SIGTERM", () => server.close());
console.log(await server.listen());
