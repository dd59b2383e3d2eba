import {
  type BanditArm,
  banditShares,
  greedyShares,
} from "../../capabilities/monitoring/experiments/bandit.js";
import { outcomeValues } from "../../capabilities/monitoring/experiments/outcomes.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Deployment, DeploymentChange } from "../../foundation/contracts/deployment.js";
import type { Bandit, BanditStatus } from "../../foundation/contracts/experiment.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { WorkflowContext } from "../context.js";
import { readArm } from "./read-arm.js";

/** A deployment that carries a bandit. */
export interface RunningBandit {
  readonly bandit: Bandit;
  readonly deployment: Deployment;
  readonly number: number;
  /** Of its first deployment: updates are deployments of their own. */
  readonly startedAt: number;
}

export async function runningBandit(
  name: string,
  change: DeploymentChange | undefined,
  store: Store,
): Promise<RunningBandit | undefined> {
  const bandit = change?.deployment?.bandit;
  if (!change?.deployment || !bandit) return undefined;
  const history = await store.registry.deploymentHistory(name);
  const first = history.find(({ deployment }) => deployment?.bandit?.id === bandit.id) ?? change;
  const { deployment, number } = change;
  return { bandit, deployment, number, startedAt: first.changedAt };
}

/**
 * Successes so far. Their rates are biased while shares follow success, and say nothing about a launch: what does is
 * an experiment.
 */
export async function measureBandit(
  { bandit, deployment, startedAt }: RunningBandit,
  store: Store,
  context: WorkflowContext,
): Promise<BanditStatus> {
  const whole = deployment.variants.reduce((sum, { weight }) => sum + weight, 0);
  const arms: BanditStatus["arms"] = [];
  for (const { model, weight } of deployment.variants) {
    const arm = await readArm({ reference: model, experiment: bandit.id, startedAt }, store, context);
    const { predictions, target } = arm.labelled;
    const values = outcomeValues(bandit.reward, predictions, target);
    const successes = values.reduce((sum, value) => sum + value, 0);
    arms.push({
      ...{ model, version: arm.version, share: weight / whole },
      ...{ successes, failures: values.length - successes },
    });
  }
  return { id: bandit.id, startedAt, method: bandit.method, arms };
}

/** Shares for what is known now; the same knowledge gives the same shares. */
export function sharesFor({ method, leastShare, id }: Bandit, arms: readonly BanditArm[]): number[] {
  return method === "thompson"
    ? banditShares(arms, { random: createRandom(id), leastShare })
    : greedyShares(arms, leastShare);
}
