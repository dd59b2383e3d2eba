import { z } from "zod";
import { definePruner } from "../../../foundation/contracts/pruner.js";

export const noPruner = definePruner({
  id: "none",
  version: 1,
  summary: "Lets every trial run to its end.",
  config: z.strictObject({}),
  prune: () => false,
});
