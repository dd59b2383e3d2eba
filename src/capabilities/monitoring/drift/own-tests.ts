import { QuernError } from "../../../foundation/base/errors.js";
import type { Random } from "../../../foundation/base/random.js";
import type { DriftTest } from "../../../foundation/contracts/drift-test.js";
import type { ColumnPair, RawCheck } from "./column-checks.js";

const MOST_EXAMPLES = 5;

/**
 * What a test of the project's own says of each column that it accepts.
 * @throws QuernError CONFIG_INVALID naming the test whose figures are none
 */
export function runTest(test: DriftTest, pairs: readonly ColumnPair[], random: Random): RawCheck[] {
  const config = test.config.parse({});
  return pairs
    .filter(({ role }) => role === "input" || test.testsPredictions)
    .filter(({ reference }) => test.accepts.includes(reference.kind))
    .flatMap(({ name, role, reference, current }) => {
      const own = random.fork(`${test.id}/${role}/${name}`);
      const result = test.compare({ reference, current, random: own }, config);
      if (result === undefined) return [];
      const { pValue, effect, examples = [] } = result;
      if (!(pValue >= 0 && pValue <= 1 && Number.isFinite(effect))) throw noFigures(test, name, result);
      const { id, leastEffect } = test;
      const shown = examples.slice(0, MOST_EXAMPLES);
      return { column: name, role, check: "own", test: id, pValue, effect, leastEffect, examples: shown };
    });
}

function noFigures({ id }: DriftTest, column: string, result: object): QuernError {
  return new QuernError(
    "CONFIG_INVALID",
    `extensions: the drift test ${JSON.stringify(id)} gave no p value from 0 to 1 with a finite effect for the column ${JSON.stringify(column)}.`,
    { details: { test: id, column, ...result }, hint: "Return undefined where nothing can be said." },
  );
}
