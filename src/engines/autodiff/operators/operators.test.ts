import { opSuite } from "../../../../conformance/op.js";
import type { OpDefinition } from "./definition.js";
import { DERIVATIVES } from "./table.js";

for (const definition of Object.values(DERIVATIVES)) opSuite(definition as OpDefinition);
