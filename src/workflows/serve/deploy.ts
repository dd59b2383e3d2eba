import { QuernError } from "../../foundation/base/errors.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { Deployment, DeploymentChange } from "../../foundation/contracts/deployment.js";
import type { TrafficRouter } from "../../foundation/contracts/serving.js";
import type { Store } from "../../foundation/contracts/store.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { promoteIn } from "./promote.js";

export interface DeployRequest {
  readonly name: string;
  /** Null: the champion alone answers again. */
  readonly deployment: Deployment | null;
  readonly reason: string;
}

/** Spreads the traffic of a name. A canary begins at its first step. @throws QuernError MODEL_NOT_FOUND, CONFIG_INVALID */
export function deploy(request: DeployRequest, options: WorkflowOptions = {}): Promise<DeploymentChange> {
  return withStore(storeFolder(options), workflowContext(options), (store) => deployIn(store, request));
}

/** The same in a store that is open. */
export async function deployIn(
  store: Store,
  { name, deployment, reason }: DeployRequest,
): Promise<DeploymentChange> {
  if (!deployment) return store.registry.deploy(name, null, reason);
  const references = [...deployment.variants.map(({ model }) => model), ...deployment.shadows];
  for (const reference of references) {
    const found = await store.models.get(reference);
    if (found.name === name) continue;
    throw new QuernError("CONFIG_INVALID", `${reference} is no version of ${name}.`, {
      details: { reference, name },
      hint: "A deployment spreads one name over its own versions, so that their inputs and answers agree.",
    });
  }
  const { canary } = deployment;
  return store.registry.deploy(name, canary ? withShare(deployment, canary.steps[0]!) : deployment, reason);
}

/** The second variant gets so many percent. */
function withShare(deployment: Deployment, percent: number): Deployment {
  const [before, candidate] = deployment.variants;
  return {
    ...deployment,
    variants: [
      { ...before!, weight: 100 - percent },
      { ...candidate!, weight: percent },
    ],
  };
}

/**
 * Takes a canary one step on, to its end, or back, as its figures say. Of several processes that look at the same time
 * one writes; the others see its change.
 */
export async function moveCanary(
  store: Store,
  traffic: TrafficRouter,
  name: string,
  change: DeploymentChange,
  logger: Logger,
): Promise<void> {
  const { deployment, number } = change;
  if (!deployment?.canary) return;
  const [before, candidate] = deployment.variants as [Deployment["variants"][0], Deployment["variants"][0]];
  const verdict = traffic.judge(name);
  const { canary, ...plain } = deployment;
  if (verdict.decision === "back") {
    const { reason } = verdict;
    logger.log("error", "A canary is rolled back.", { model: candidate.model, reason });
    await store.registry.deploy(name, withShare(plain, 0), `canary rolled back: ${reason}`, number);
    return;
  }
  if (verdict.decision !== "on") return;
  const next = canary.steps.find((percent) => percent > candidate.weight);
  if (next !== undefined) {
    await store.registry.deploy(name, withShare(deployment, next), `canary: ${next}%`, number);
    return;
  }
  await store.registry.deploy(name, withShare(plain, 100), "canary complete", number);
  // Where the traffic came from an alias, the alias moves on and the deployment has done its work.
  const alias = before.model.slice(name.length + 1);
  if (/^\d/.test(alias)) return;
  await promoteIn(store, { model: candidate.model, alias, reason: "canary complete", actor: "canary" });
  await store.registry.deploy(name, null, "canary complete");
}
