import { z } from "zod";
import { servedModelSchema } from "../../foundation/contracts/http.js";
import { findReference } from "../../foundation/contracts/model-reference.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import {
  datasetSummarySchema,
  modelSummarySchema,
  RUN_STATES,
  runSummarySchema,
  type Store,
} from "../../foundation/contracts/store.js";
import { defineRoute, type Route, type RouteContext } from "./route.js";

function describe(model: ServedModel, { models }: RouteContext): z.infer<typeof servedModelSchema> {
  const { name, version, task, target, inputs } = model.manifest;
  return {
    ...{ name, version, task, target, state: model.state, bundle: model.bundle },
    current: models.get(name) === model,
    inputs: inputs.map(({ column, optional }) => ({ name: column.name, kind: column.kind, optional })),
  };
}

const servedRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: "GET", path: "/api/models", permission: "read" },
    summary: "The models that this server answers for.",
    answer: z.object({ models: z.array(servedModelSchema) }),
    handle: (_request, context) => ({
      models: context.models.list().map((model) => describe(model, context)),
    }),
  }),
  defineRoute({
    ...{ method: "GET", path: "/api/models/:model", permission: "read" },
    summary: "One of them: `name` or `name@version`.",
    params: z.strictObject({ model: z.string().min(1).max(200) }),
    answer: servedModelSchema,
    handle: ({ params }, context) => describe(findReference(context.models, params.model), context),
  }),
];

const page = {
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  after: z.string().max(300).optional(),
  name: z.string().max(200).optional(),
};
const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().optional().describe("`after` of the next page") });
/** Absent keys, not undefined ones, as the store's requests want them. */
const given = <T extends object>(query: T) =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** These routes exist only where there is a store. */
const storeRoutes = (store: Store): readonly Route[] => [
  defineRoute({
    ...{ method: "GET", path: "/api/registry", permission: "read" },
    summary: "Registered models, newest first.",
    query: z.strictObject(page),
    answer: pageOf(modelSummarySchema),
    handle: ({ query }) => store.models.list(given(query)),
  }),
  defineRoute({
    ...{ method: "GET", path: "/api/runs", permission: "read" },
    summary: "Runs, newest first.",
    query: z.strictObject({
      ...page,
      kind: z.string().max(50).optional(),
      state: z.enum(RUN_STATES).optional(),
    }),
    answer: pageOf(runSummarySchema),
    handle: ({ query }) => store.runs.list(given(query)),
  }),
  defineRoute({
    ...{ method: "GET", path: "/api/runs/:run", permission: "read" },
    summary: "One run with its config, result and trials.",
    params: z.strictObject({ run: z.string().min(1).max(100) }),
    answer: runSummarySchema.loose(),
    handle: async ({ params }) => ({
      ...(await store.runs.get(params.run)),
      trials: await store.runs.trials(params.run),
    }),
  }),
  defineRoute({
    ...{ method: "GET", path: "/api/datasets", permission: "read" },
    summary: "Dataset versions, newest first.",
    query: z.strictObject(page),
    answer: pageOf(datasetSummarySchema),
    handle: ({ query }) => store.datasets.list(given(query)),
  }),
];

export function apiRoutes(store: Store | undefined): readonly Route[] {
  return store ? [...servedRoutes, ...storeRoutes(store)] : servedRoutes;
}
