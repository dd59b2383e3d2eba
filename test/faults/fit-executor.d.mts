import type { FitExecutor } from "../../src/workflows/fitting/fit-messages.js";

export declare const executor: FitExecutor;
