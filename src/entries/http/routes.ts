import type { PredictionJobs } from "../../foundation/contracts/job.js";
import type { Store } from "../../foundation/contracts/store.js";
import { apiRoutes } from "./api-routes.js";
import { descriptionRoutes } from "./description-routes.js";
import { embeddingRoutes } from "./embedding-routes.js";
import { feedbackRoutes } from "./feedback-routes.js";
import { healthRoutes } from "./health-routes.js";
import { jobRoutes } from "./job-routes.js";
import { oipRoutes } from "./oip-routes.js";
import { predictRoutes } from "./predict-routes.js";
import { registryRoutes } from "./registry-routes.js";
import type { Route } from "./route.js";
import { streamRoutes } from "./stream-routes.js";

/** The one table: every route of the server, with its schemas and the permission it needs. */
export function routeTable(store: Store | undefined, jobs?: PredictionJobs): readonly Route[] {
  const ofStore = store ? [...registryRoutes(store), ...feedbackRoutes(store)] : [];
  return [
    ...[...predictRoutes, ...streamRoutes, ...embeddingRoutes, ...oipRoutes, ...apiRoutes(store), ...ofStore],
    ...(jobs ? jobRoutes(jobs) : []),
    ...[...healthRoutes, ...descriptionRoutes],
  ];
}
