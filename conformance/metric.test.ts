import { METRICS } from "../src/capabilities/evaluation/metrics/index.js";
import { metricSuite } from "./metric.js";

for (const metric of METRICS) metricSuite(metric);
