import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** `*.heavy.test.ts` suites run in CI only (`QUERN_HEAVY=1`); everything else is the fast loop. */
const heavy = process.env.QUERN_HEAVY === "1";

/** Suites of minutes, the longest first. */
const LONG = [
  "train-interrupt.heavy",
  "odd-tables.heavy",
  "false-alarms.heavy",
  "scenes.heavy",
  "loop-crash.heavy",
  "search-resume.heavy",
];

/** Begins with the longest, so that no worker is left alone with one at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONG.findIndex((name) => moduleId.includes(name));
      return found < 0 ? LONG.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: heavy ? ["{src,test,conformance}/**/*.heavy.test.ts"] : ["{src,test,conformance}/**/*.test.ts"],
    exclude: heavy ? [] : ["**/*.heavy.test.ts"],
    setupFiles: ["test/seed-properties.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    ...(heavy ? { sequence: { sequencer: LongestFirst } } : {}),
  },
});
