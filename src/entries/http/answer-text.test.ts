import fc from "fast-check";
import { expect, it } from "vitest";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Prediction } from "../../foundation/contracts/prediction.js";
import { writeAnswers } from "./answer-text.js";

const manifestOf = (outputs: object) => ({ name: 'a"b', version: 3, outputs }) as Manifest;
const number = fc.oneof(fc.double(), fc.float(), fc.constantFrom(-0, 0, 1e21, 5e-324));
const text = fc.oneof(fc.string(), fc.constantFrom("__proto__", "1", "0", "", '"', "北\ud800"));

function check(outputs: object, answers: readonly Prediction[], ids: readonly string[]): void {
  const plain = {
    ...{ model: 'a"b', version: 3 },
    predictions: answers.map((answer, row) => ({ id: ids[row], ...answer })),
  };
  expect(JSON.parse(writeAnswers(manifestOf(outputs), { ids, answers }))).toEqual(
    JSON.parse(JSON.stringify(plain)),
  );
}

it("writes classes as JSON.stringify does, whatever they are called", () => {
  const classes = fc.uniqueArray(text, { minLength: 2, maxLength: 5 });
  const rows = fc.array(fc.tuple(text, fc.nat(4), fc.array(number, { minLength: 5, maxLength: 5 })));
  fc.assert(
    fc.property(classes, rows, (names, given) => {
      const answers = given.map(([, chosen, values]) => {
        const probabilities: Record<string, number> = Object.create(null);
        for (const [k, name] of names.entries()) probabilities[name] = values[k]!;
        return { label: names[chosen % names.length]!, probabilities };
      });
      const ids = given.map(([id]) => id);
      check({ kind: "classes", classes: names }, answers, ids);
    }),
  );
});

it("writes any other answer, and explanations after it", () => {
  check({ kind: "value" }, [{ prediction: 1.5, interval: [0, Number.NaN] }, { prediction: -0 }], ["a", "b"]);
  check({ kind: "value" }, [], []);
  const explanation = { base: 1 } as never;
  const written = writeAnswers(manifestOf({ kind: "value" }), {
    ...{ ids: ["a"], answers: [{ prediction: 2 }], explanations: [explanation] },
  });
  expect(JSON.parse(written).predictions).toEqual([{ id: "a", prediction: 2, explanation: { base: 1 } }]);
});
