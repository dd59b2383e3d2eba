/** Two versions compared where people use them, and traffic that follows success; as `quern experiment`. */
import { z } from "zod";
import {
  type Experiments,
  experimentListSchema,
  experimentResultSchema,
  experimentStartSchema,
  experimentStopSchema,
} from "../../foundation/contracts/experiment.js";
import { bodyOf } from "./body-reader.js";
import { defineRoute, type Route } from "./route.js";

const params = z.strictObject({ name: z.string().min(1).max(200) });
/** A gate that is not met, a bundle that cannot be opened, a store that is busy, a disk that is full, an answer that takes too long. */
const CHANGE = { permission: "manage", params, refusals: [409, 422, 503, 504, 507] } as const;
const answer = experimentResultSchema;

export const experimentRoutes = (experiments: Experiments): readonly Route[] => [
  defineRoute({
    ...{ method: "GET", path: "/api/experiments", permission: "read" },
    summary: "Experiments and bandits that run, by the name whose traffic they have.",
    answer: experimentListSchema,
    handle: () => experiments.list(),
  }),
  defineRoute({
    ...{ method: "GET", path: "/api/experiments/:name", permission: "read", params, answer },
    summary: "What is known now, with intervals that hold however often one looks.",
    refusals: [422, 503, 504],
    handle: ({ params: { name } }) => experiments.status(name),
  }),
  defineRoute({
    ...{ method: "POST", path: "/api/experiments/:name", ...CHANGE, answer },
    summary: "Compares a candidate with the champion, or lets the traffic follow success (`bandit`).",
    body: bodyOf(experimentStartSchema),
    async handle({ params: { name }, body }, { refresh }) {
      const result = await experiments.start(name, body);
      await refresh?.();
      return result;
    },
  }),
  defineRoute({
    ...{ method: "POST", path: "/api/experiments/:name/conclude", ...CHANGE, answer },
    summary:
      "Acts on a clear verdict: launches or drops the candidate; gives a bandit new shares. Else nothing.",
    async handle({ params: { name } }, { refresh }) {
      const result = await experiments.conclude(name);
      await refresh?.();
      return result;
    },
  }),
  defineRoute({
    ...{ method: "POST", path: "/api/experiments/:name/stop", ...CHANGE, answer },
    summary: "Ends what runs: the champion alone answers again. Nothing happens where nothing runs.",
    body: bodyOf(experimentStopSchema),
    async handle({ params: { name }, body: { reason } }, { refresh }) {
      const result = await experiments.stop(name, reason);
      await refresh?.();
      return result;
    },
  }),
];
