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

/** They put something in the place of a module, which no other file may have loaded before. */
const REPLACES_MODULES = [
  "src/workflows/embed/build-embedder.test.ts",
  "src/workflows/jobs/prediction-jobs.test.ts",
  "src/entries/http/grpc/missing-package.test.ts",
];

const HEAVY = "**/*.heavy.test.ts";

/** Finding and reading modules again for each file was a fifth of the fast loop: what lies beside sources shares them. */
const projects = [
  {
    extends: true as const,
    test: {
      name: "modules",
      include: ["{src,conformance}/**/*.test.ts"],
      exclude: [HEAVY, ...REPLACES_MODULES],
      isolate: false,
    },
  },
  {
    extends: true as const,
    test: {
      name: "whole",
      include: ["test/**/*.test.ts", ...REPLACES_MODULES],
      exclude: [HEAVY],
    },
  },
];

export default defineConfig({
  test: {
    setupFiles: ["test/seed-properties.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    ...(heavy
      ? {
          include: [`{src,test,conformance}/${HEAVY}`],
          exclude: [],
          sequence: { sequencer: LongestFirst },
        }
      : { projects }),
  },
});
