/** What turned out to be true of predictions. */
import { z } from "zod";
import { feedbackRequestSchema } from "../../foundation/contracts/http.js";
import { feedbackReceiptSchema } from "../../foundation/contracts/monitoring-store.js";
import type { Store } from "../../foundation/contracts/store.js";
import { bodyOf } from "./body-reader.js";
import { defineRoute, type Route } from "./route.js";

export const feedbackRoutes = (store: Store): readonly Route[] => [
  defineRoute({
    method: "POST",
    path: "/feedback/:model",
    summary: "Labels that became known: durable once answered; told twice they count once.",
    permission: "predict",
    refusals: [503, 507],
    params: z.strictObject({ model: z.string().min(1).max(200) }),
    body: bodyOf(feedbackRequestSchema),
    answer: feedbackReceiptSchema,
    async handle({ params, body }, { clock }) {
      // An unknown model is an error of the caller, not a label for later.
      const { name } = await store.models.get(params.model);
      const now = clock.now();
      return store.monitoring.addFeedback(
        name,
        body.feedback.map(({ id, actual, at = now }) => ({ id, actual: String(actual), observedAt: at })),
      );
    },
  }),
];
