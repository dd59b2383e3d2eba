/** What turned out to be true of predictions. */
import { z } from "zod";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { feedbackRequestSchema } from "../../foundation/contracts/http.js";
import { feedbackAnswerSchema } from "../../foundation/contracts/monitoring-store.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { outputsIn } from "../../workflows/label/label-queue.js";
import { takeFeedback } from "../../workflows/watch/take-feedback.js";
import { bodyOf } from "./body-reader.js";
import { defineRoute, type Route } from "./route.js";

/** Versions whose outputs are remembered: opening a bundle to ask is work of a second. */
const MOST_REMEMBERED = 100;

export function feedbackRoutes(store: Store): readonly Route[] {
  const remembered = new Map<string, Promise<Manifest["outputs"]>>();
  const outputsOf = (model: Model): Promise<Manifest["outputs"]> => {
    const key = `${model.name}@${model.version}`;
    const known = remembered.get(key);
    if (known) return known;
    const found = outputsIn(store, model);
    remembered.set(key, found);
    if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!);
    found.catch(() => remembered.delete(key));
    return found;
  };
  return [
    defineRoute({
      method: "POST",
      path: "/feedback/:model",
      summary: "Labels that became known: durable once answered; told twice they count once.",
      permission: "predict",
      refusals: [422, 503, 507],
      params: z.strictObject({ model: z.string().min(1).max(200) }),
      body: bodyOf(feedbackRequestSchema),
      answer: feedbackAnswerSchema,
      async handle({ params, body }, { clock, models }) {
        // An unknown model is an error of the caller, not a label for later.
        const model = await store.models.get(params.model);
        const served = models
          .list()
          .find(({ manifest: { name, version } }) => name === model.name && version === model.version);
        const now = clock.now();
        const feedback = body.feedback.map(({ id, actual, at = now }) => {
          return { id, actual: String(actual), observedAt: at };
        });
        const outputs = served?.manifest.outputs ?? (await outputsOf(model));
        return takeFeedback(store.monitoring, model.name, feedback, outputs);
      },
    }),
  ];
}
