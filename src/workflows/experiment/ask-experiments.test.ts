import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { QuernError } from "../../foundation/base/errors.js";
import { experimentStartSchema } from "../../foundation/contracts/experiment.js";
import type { Store } from "../../foundation/contracts/store.js";
import { openExperiments } from "./ask-experiments.js";

/** Knows one model, and nothing runs. */
const store = {
  models: {
    async get(reference: string) {
      if (["churn", "churn@1"].includes(reference)) return { name: "churn", version: 1 };
      throw new QuernError("MODEL_NOT_FOUND", `There is no model ${reference}.`);
    },
  },
  registry: { deployment: async () => undefined },
} as unknown as Store;

test("what names no version starts no process: it would have no time to", async () => {
  const experiments = openExperiments(store, tmpdir(), { limitMs: 0 });
  const requests = [
    { candidate: "churn@7", reason: "why" },
    { bandit: "thompson", models: ["churn@1", "churn@8"], reason: "why" },
  ].map((request) => experimentStartSchema.parse(request));
  for (const request of requests)
    await expect(experiments.start("churn", request)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  await expect(experiments.status("nobody")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
});

test("an answer that takes too long is given up, and the next question gets a process of its own", async () => {
  const experiments = openExperiments(store, tmpdir(), { limitMs: 1 });
  for (const ask of [() => experiments.status("churn"), () => experiments.conclude("churn")])
    await expect(ask()).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});
