import type { FitExecutor } from "../../src/workflows/train/fit-messages.js";

export declare const executor: FitExecutor;
