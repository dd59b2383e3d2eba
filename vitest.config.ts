import { defineConfig } from "vitest/config";

/** `*.heavy.test.ts` suites run in CI only (`QUERN_HEAVY=1`); everything else is the fast loop. */
const heavy = process.env.QUERN_HEAVY === "1";

export default defineConfig({
  test: {
    include: heavy ? ["{src,test,conformance}/**/*.heavy.test.ts"] : ["{src,test,conformance}/**/*.test.ts"],
    exclude: heavy ? [] : ["**/*.heavy.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
