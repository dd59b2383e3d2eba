import { builtFile } from "../../foundation/base/module-file.js";
import {
  createInlinePool,
  createProcessPool,
  type FitPool,
  type FitPoolOptions,
  fitSlots,
} from "../fitting/fit-pool.js";
import { fitExecutor } from "../learn/fit.js";
import { materialBytes } from "./machine.js";
import type { Production } from "./production.js";

/** Below this much work, processes cost more time than they save. */
const LEAST_SECONDS = 2;

/** Where the fits of a training run: side by side in processes where that pays, otherwise here. */
export function openFitter(production: Omit<Production, "fitter">, rounds: number): FitPool {
  const { project, prepared, store, extensions, transforms, agenda, context, steps, request } = production;
  const { clock, logger, threads, folder } = context;
  const options: FitPoolOptions = {
    store,
    executor: fitExecutor,
    work: { store: request.store, seed: project.seed, extensions: extensions.modules, folder },
    trainers: extensions.trainers,
    transforms,
    clock,
    logger,
  };
  const slots = fitSlots({ threads, materialBytes: materialBytes(prepared.features) });
  const work = rounds * agenda.candidates.reduce((sum, { estimate }) => sum + estimate.seconds, 0);
  const searches = agenda.seconds !== undefined || agenda.trials !== undefined;
  const pool =
    slots > 1 && (work > LEAST_SECONDS || searches)
      ? createProcessPool({ ...options, slots, script: builtFile("workflows/learn/fit-child.js") })
      : createInlinePool({ ...options, threads });
  return {
    slots: pool.slots,
    async fit(task, signal, limit) {
      const fitted = await pool.fit(task, signal, limit);
      steps.count(fitted.hit);
      return fitted;
    },
    close: () => pool.close(),
  };
}
