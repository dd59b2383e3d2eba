/** Who answers under a name: promotions, rollbacks, approvals and their history. */
import { z } from "zod";
import { deploymentChangeSchema, deploymentSchema } from "../../foundation/contracts/deployment.js";
import {
  approveRequestSchema,
  promoteRequestSchema,
  rollbackRequestSchema,
} from "../../foundation/contracts/http.js";
import { aliasChangeSchema, approvalSchema, promotionSchema } from "../../foundation/contracts/registry.js";
import type { Store } from "../../foundation/contracts/store.js";
import { deployIn } from "../../workflows/serve/deploy.js";
import { approveIn, promoteIn, rollbackIn } from "../../workflows/serve/promote.js";
import { bodyOf } from "./body-reader.js";
import { defineRoute, type Route } from "./route.js";

/** A gate that is not met, a bundle that cannot be opened, a store that is busy, a disk that is full. */
const WRITES = [409, 422, 503, 507];
const params = z.strictObject({ name: z.string().min(1).max(200) });
const CHANGE = { permission: "manage", params, refusals: WRITES } as const;
const given = (actor: string | undefined) => (actor === undefined ? {} : { actor });

export const registryRoutes = (store: Store): readonly Route[] => [
  defineRoute({
    ...{ method: "GET", path: "/api/registry/:name/history", permission: "read", params },
    summary: "Every change of the name's aliases, oldest first, with the evidence for it.",
    answer: z.object({ changes: z.array(aliasChangeSchema) }),
    handle: async ({ params: { name } }) => ({ changes: await store.models.aliasHistory(name) }),
  }),
  defineRoute({
    ...{
      method: "POST",
      path: "/api/registry/:name/promote",
      ...CHANGE,
    },
    summary: "Lets an alias point to a version that passes its gates; 409 with all gates otherwise.",
    body: bodyOf(promoteRequestSchema),
    answer: promotionSchema,
    async handle({ params: { name }, body }, { refresh }) {
      const { version, actor, ...rest } = body;
      const promotion = await promoteIn(store, { ...rest, ...given(actor), model: `${name}@${version}` });
      await refresh?.();
      return promotion;
    },
  }),
  defineRoute({
    ...{
      method: "POST",
      path: "/api/registry/:name/rollback",
      ...CHANGE,
    },
    summary: "Lets an alias point to the version before its last promotion.",
    body: bodyOf(rollbackRequestSchema),
    answer: promotionSchema,
    async handle({ params: { name }, body }, { refresh }) {
      const { actor, ...rest } = body;
      const promotion = await rollbackIn(store, { ...rest, ...given(actor), name });
      await refresh?.();
      return promotion;
    },
  }),
  defineRoute({
    ...{ method: "GET", path: "/api/registry/:name/deployments", permission: "read", params },
    summary: "How the name's traffic was spread, oldest first; the last one holds.",
    answer: z.object({ changes: z.array(deploymentChangeSchema) }),
    handle: async ({ params: { name } }) => ({ changes: await store.registry.deploymentHistory(name) }),
  }),
  defineRoute({
    ...{ method: "POST", path: "/api/registry/:name/deploy", ...CHANGE },
    summary: "Spreads the name's traffic over versions by weight, with shadows or as a canary; null ends it.",
    body: bodyOf(
      z.strictObject({ deployment: deploymentSchema.nullable(), reason: z.string().min(1).max(1000) }),
    ),
    answer: deploymentChangeSchema,
    async handle({ params: { name }, body: { deployment, reason } }, { refresh }) {
      const change = await deployIn(store, { name, deployment, reason });
      await refresh?.();
      return change;
    },
  }),
  defineRoute({
    ...{
      method: "POST",
      path: "/api/registry/:name/approve",
      ...CHANGE,
    },
    summary: "Adds an approval of a version under an alias; once for each approver.",
    body: bodyOf(approveRequestSchema),
    answer: z.object({ approvals: z.array(approvalSchema) }),
    async handle({ params: { name }, body }) {
      const { version, ...rest } = body;
      return { approvals: await approveIn(store, { ...rest, model: `${name}@${version}` }) };
    },
  }),
];
