import { expect, test } from "vitest";
import type { Feedback } from "../../foundation/contracts/monitoring-store.js";
import { takeFeedback } from "./take-feedback.js";

const classes = { kind: "classes" as const, classes: ["no", "yes"] };
const value = { kind: "value" as const };

/** What was handed to the store. */
function storeOf() {
  const kept: Feedback[] = [];
  return {
    kept,
    async addFeedback(_model: string, feedback: readonly Feedback[]) {
      kept.push(...feedback);
      return { added: feedback.length, corrected: 0, repeated: 0 };
    },
  };
}
const labelled = (...actuals: string[]): Feedback[] =>
  actuals.map((actual, index) => ({ id: `order ${index}`, actual, observedAt: index }));

test("a class that no version knows yet is kept and named, most frequent first", async () => {
  const store = storeOf();
  const answer = await takeFeedback(store, "churn", labelled("yes", "later", "maybe", "maybe"), classes);
  expect(store.kept).toHaveLength(4);
  expect(answer).toMatchObject({ added: 4, refused: [] });
  expect(answer.unknownClasses).toEqual([
    { label: "maybe", rows: 2 },
    { label: "later", rows: 1 },
  ]);
});

test.each([
  ["value", value, ["12.5", "red", " ", "-1e3", "Infinity"], [1, 2, 4]],
  ["classes", classes, ["yes", ""], [1]],
] as const)(
  "what can be no truth of a model of %s is refused alone, with its place and a remedy",
  async (_kind, outputs, actuals, wrong) => {
    const store = storeOf();
    const answer = await takeFeedback(store, "m", labelled(...actuals), outputs);
    expect(answer.refused.map(({ index }) => index)).toEqual(wrong);
    expect(answer.refused[0]).toMatchObject({ id: "order 1" });
    expect(answer.refused[0]!.message).toContain('feedback[1].actual of prediction "order 1"');
    expect(store.kept).toHaveLength(actuals.length - wrong.length);
    expect(answer.unknownClasses).toEqual([]);
  },
);

test("where not one can be taken the whole is an error", async () => {
  const store = storeOf();
  await expect(takeFeedback(store, "price", labelled("red", "blue"), value)).rejects.toMatchObject({
    code: "REQUEST_INVALID",
    details: { refused: [{ index: 0 }, { index: 1 }] },
  });
  expect(store.kept).toEqual([]);
});
