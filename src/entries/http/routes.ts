import { apiRoutes } from "./api-routes.js";
import { descriptionRoutes } from "./description-routes.js";
import { embeddingRoutes } from "./embedding-routes.js";
import { experimentRoutes } from "./experiment-routes.js";
import { feedbackRoutes } from "./feedback-routes.js";
import { healthRoutes } from "./health-routes.js";
import { jobRoutes } from "./job-routes.js";
import { labelRoutes } from "./label-routes.js";
import { oipRoutes } from "./oip-routes.js";
import { predictRoutes } from "./predict-routes.js";
import { registryRoutes } from "./registry-routes.js";
import type { Route, Services } from "./route.js";
import { streamRoutes } from "./stream-routes.js";

/** What some routes stand on: without it they do not exist. */
type RouteServices = Pick<Services, "store" | "jobs" | "experiments">;

/** The one table: every route of the server, with its schemas and the permission it needs. */
export function routeTable({ store, jobs, experiments }: RouteServices): readonly Route[] {
  const ofStore = store ? [...registryRoutes(store), ...feedbackRoutes(store), ...labelRoutes(store)] : [];
  return [
    ...[...predictRoutes, ...streamRoutes, ...embeddingRoutes, ...oipRoutes, ...apiRoutes(store), ...ofStore],
    ...(experiments ? experimentRoutes(experiments) : []),
    ...(jobs ? jobRoutes(jobs) : []),
    ...[...healthRoutes, ...descriptionRoutes],
  ];
}
