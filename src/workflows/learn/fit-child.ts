/** A fitting process of a training. */
import { serveFits } from "../fitting/fit-worker.js";
import { fitExecutor } from "./fit.js";

serveFits(fitExecutor);
