/** Predictions worth a label: who labels asks for the next ones, says what is true, or passes; as `quern label`. */
import { z } from "zod";
import {
  labelRequestSchema,
  labelResultSchema,
  labelSkipSchema,
} from "../../foundation/contracts/label-queue.js";
import type { ModelPool } from "../../foundation/contracts/serving.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { addLabelsIn, listLabelsIn, outputsIn, skipLabelsIn } from "../../workflows/label/label-queue.js";
import { bodyOf } from "./body-reader.js";
import { defineRoute, type Route } from "./route.js";

const params = z.strictObject({ model: z.string().min(1).max(200) });
const answer = labelResultSchema;
const CHANGE = { permission: "manage", params, refusals: [422, 503, 507], answer } as const;

export const labelRoutes = (store: Store): readonly Route[] => [
  defineRoute({
    ...{ method: "GET", path: "/api/labels/:model", permission: "read", params, answer },
    summary: "Predictions that wait for a label, the newest last, and how many there are.",
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(20) }),
    async handle({ params: { model }, query: { limit } }) {
      const { name } = await store.models.get(model);
      return listLabelsIn(store, { name, limit });
    },
  }),
  defineRoute({
    ...{ method: "POST", path: "/api/labels/:model", ...CHANGE },
    summary:
      "Says what is true of predictions: all or none, durable once answered; told twice it counts once.",
    body: bodyOf(labelRequestSchema),
    async handle({ params: { model }, body }, { models, clock }) {
      const record = await store.models.get(model);
      const now = clock.now();
      return addLabelsIn(store, {
        name: record.name,
        outputs: servedOutputs(models, record) ?? (await outputsIn(store, record)),
        labels: body.labels.map(({ id, label, at = now }) => ({ id, actual: String(label), observedAt: at })),
      });
    },
  }),
  defineRoute({
    ...{ method: "POST", path: "/api/labels/:model/skip", ...CHANGE },
    summary: "Takes predictions out of the queue that nobody can label; skipping twice changes nothing.",
    body: bodyOf(labelSkipSchema),
    async handle({ params: { model }, body: { ids } }) {
      const { name } = await store.models.get(model);
      return skipLabelsIn(store, { name, ids });
    },
  }),
];

/** Of a version that is open anyway nothing has to be read. */
const servedOutputs = (models: ModelPool, { name, version }: Model) =>
  models.list().find(({ manifest }) => manifest.name === name && manifest.version === version)?.manifest
    .outputs;
