import { prunerSuite } from "../../../conformance/pruner.js";
import { samplerSuite } from "../../../conformance/sampler.js";
import { PRUNERS, SAMPLERS } from "./index.js";

for (const sampler of SAMPLERS) samplerSuite(sampler);
for (const pruner of PRUNERS) prunerSuite(pruner);
