import { z } from "zod";
import { defineSampler } from "../../../foundation/contracts/sampler.js";
import { parentsFirst } from "../space/conditions.js";
import { nextNumber, Tried, uniformConfiguration } from "./proposals.js";

/** Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012. */
export const randomSampler = defineSampler({
  id: "random",
  version: 1,
  summary: "Each dimension uniform on its scale, whatever was seen before.",
  config: z.strictObject({}),
  suggest({ space: given, history, count, random }) {
    const space = parentsFirst(given);
    const tried = new Tried(space, history);
    const first = nextNumber(history);
    return Array.from({ length: count }, (_, index) => {
      const stream = random.fork(`random ${first + index}`);
      return tried.take(() => uniformConfiguration(space, stream));
    });
  },
});
