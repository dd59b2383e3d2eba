import { QuernError } from "../../foundation/base/errors.js";
import type { Deployment, DeploymentChange } from "../../foundation/contracts/deployment.js";
import {
  type Bandit,
  type ExperimentDesign,
  type ExperimentResult,
  type ExperimentStatus,
  experimentDesignSchema,
  type OutcomeGoal,
} from "../../foundation/contracts/experiment.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { deployIn } from "../serve/deploy.js";
import { promoteIn } from "../serve/promote.js";
import { measureBandit, type RunningBandit, runningBandit, sharesFor } from "./measure-bandit.js";
import { measureExperiment, type RunningExperiment, runningExperiment } from "./measure-experiment.js";
import { defaultGoal, planFromLog, prepareGoal } from "./plan-from-log.js";
import { refuseWhileRunning } from "./refuse-while-running.js";

export interface ExperimentRequest {
  /** Its champion is what the candidate is compared with. */
  readonly name: string;
  /** `name@2` or `name@challenger`. */
  readonly candidate: string;
  readonly design?: ExperimentDesign;
  /** Of the traffic for the candidate, 0..1. Default one half, which is the quickest. */
  readonly share?: number;
  readonly reason: string;
}

export interface BanditRequest {
  readonly name: string;
  /** At least two, `name@1`. */
  readonly models: readonly string[];
  readonly method: Bandit["method"];
  readonly reward?: OutcomeGoal;
  /** Default 0.02. */
  readonly leastShare?: number;
  readonly reason: string;
}

export interface StopRequest {
  readonly name: string;
  readonly reason: string;
}

type Running = { readonly store: Store; readonly context: WorkflowContext; readonly name: string };

const inStore = <T>(
  options: WorkflowOptions,
  use: (store: Store, context: WorkflowContext) => Promise<T>,
) => {
  const context = workflowContext(options);
  return withStore(storeFolder(options), context, (store) => use(store, context));
};

/**
 * Spreads the traffic between the champion and a candidate until it is clear which is better.
 * @throws QuernError MODEL_NOT_FOUND, CONFIG_INVALID
 */
export function startExperiment(
  request: ExperimentRequest,
  options: WorkflowOptions = {},
): Promise<ExperimentResult> {
  return inStore(options, async (store, context) => {
    const { change, plan } = await startExperimentIn(store, request, context);
    const running = runningExperiment(change)!;
    const experiment = await measureExperiment(running, store, context);
    const champion = await championOf(store, request.name);
    return { ...nothing(request.name), state: "running", experiment, plan, champion };
  });
}

/** The same in a store that is open. */
export async function startExperimentIn(
  store: Store,
  { name, candidate, design = experimentDesignSchema.parse({}), share = 0.5, reason }: ExperimentRequest,
  context: WorkflowContext,
): Promise<{ readonly change: DeploymentChange; readonly plan: ExperimentResult["plan"] }> {
  await refuseWhileRunning(store, name);
  const champion = await store.models.get(name);
  const rival = await store.models.get(candidate);
  if (rival.name !== name || rival.version === champion.version)
    throw new QuernError("CONFIG_INVALID", `${candidate} is no other version of ${name} than its champion.`, {
      hint: `Compare a version that is not the champion: \`quern models ${name}\` lists them.`,
    });
  const goal = await prepareGoal(store, champion, design.goal);
  for (const guard of design.guards) await prepareGoal(store, champion, guard);
  const deployment: Deployment = {
    variants: [
      { model: versionOf(champion), weight: 1 - share },
      { model: versionOf(rival), weight: share },
    ],
    shadows: [],
    experiment: { ...design, goal, id: await nextId(store, name, "experiment") },
  };
  const plan = await planFromLog(store, champion, { ...design, goal }, context);
  return { change: await deployIn(store, { name, deployment, reason }), plan };
}

/** Lets the traffic follow success. @throws QuernError MODEL_NOT_FOUND, CONFIG_INVALID */
export function startBandit(
  { name, models, method, reward, leastShare = 0.02, reason }: BanditRequest,
  options: WorkflowOptions = {},
): Promise<ExperimentResult> {
  return inStore(options, async (store, context) => {
    await refuseWhileRunning(store, name);
    const arms: Model[] = [];
    for (const model of models) arms.push(await store.models.get(model));
    const goal = await prepareGoal(store, arms[0]!, reward ?? defaultGoal(arms[0]!));
    if (goal.outcome !== "correct" && (goal.outcome !== "actual" || arms[0]!.task === "regression"))
      throw new QuernError("CONFIG_INVALID", `${goal.outcome} is no success or failure.`, {
        hint: "A bandit counts `correct`, or `actual` with the class aimed at.",
      });
    const bandit: Bandit = { id: await nextId(store, name, "bandit"), method, reward: goal, leastShare };
    const variants = arms.map((model) => ({ model: versionOf(model), weight: 1 }));
    const change = await deployIn(store, { name, deployment: { variants, shadows: [], bandit }, reason });
    const running = (await runningBandit(name, change, store))!;
    const status = await measureBandit(running, store, context);
    const champion = await championOf(store, name);
    return { ...nothing(name), state: "running", bandit: status, champion };
  });
}

/** Looks, and changes nothing. */
export function experimentStatus(name: string, options: WorkflowOptions = {}): Promise<ExperimentResult> {
  return inStore(options, async (store, context) => {
    const change = await store.registry.deployment(name);
    const [experiment, bandit] = [runningExperiment(change), await runningBandit(name, change, store)];
    return {
      ...nothing(name),
      state: experiment || bandit ? "running" : "none",
      experiment: experiment ? await measureExperiment(experiment, store, context) : null,
      bandit: bandit ? await measureBandit(bandit, store, context) : null,
      champion: await championOf(store, name),
    };
  });
}

/**
 * Acts on what is known now: a clear verdict ends an experiment, a launch promotes the candidate through the gates of
 * the champion; a bandit gets new shares.
 */
export function updateExperiment(name: string, options: WorkflowOptions = {}): Promise<ExperimentResult> {
  return inStore(options, async (store, context) => {
    const change = await store.registry.deployment(name);
    const experiment = runningExperiment(change);
    if (experiment) {
      const status = await concludeExperiment(experiment, { store, context, name }, (model, reason) =>
        promoteIn(store, { model, reason, actor: "experiment" }),
      );
      const state = status.verdict === "continue" ? "running" : "ended";
      return { ...nothing(name), state, experiment: status, champion: await championOf(store, name) };
    }
    const bandit = await runningBandit(name, change, store);
    if (!bandit) return { ...nothing(name), champion: await championOf(store, name) };
    const status = await shareAnew(bandit, { store, context, name });
    return { ...nothing(name), state: "running", bandit: status, champion: await championOf(store, name) };
  });
}

/** Ends whatever runs, with a reason: the champion alone answers again. */
export function stopExperiment(
  { name, reason }: StopRequest,
  options: WorkflowOptions = {},
): Promise<ExperimentResult> {
  return inStore(options, async (store, context) => {
    const change = await store.registry.deployment(name);
    const champion = await championOf(store, name);
    const experiment = runningExperiment(change);
    const bandit = await runningBandit(name, change, store);
    if (experiment) {
      const status = await measureExperiment(experiment, store, context);
      await end(store, { name, number: experiment.number, status, verdict: "stopped", reason });
      return { ...nothing(name), state: "ended", experiment: status, champion };
    }
    if (bandit) {
      const status = await measureBandit(bandit, store, context);
      await end(store, { name, number: bandit.number, status, verdict: "stopped", reason });
      return { ...nothing(name), state: "ended", bandit: status, champion };
    }
    return { ...nothing(name), champion };
  });
}

/**
 * Ends an experiment that is clear. Killed at any point it can be repeated: the deployment ends last.
 * @param launch what a launch does, before the experiment ends
 */
export async function concludeExperiment(
  running: RunningExperiment,
  { store, context, name }: Running,
  launch: (candidate: string, reason: string) => Promise<unknown>,
): Promise<ExperimentStatus> {
  const status = await measureExperiment(running, store, context);
  if (status.verdict === "continue") return status;
  const { verdict } = status;
  const reason = `${status.reason} ${improvementText(status)}`;
  if (verdict === "launch") await launch(running.deployment.variants[1]!.model, reason);
  await end(store, { name, number: running.number, status, verdict, reason });
  return status;
}

export function improvementText({ goal, arms }: ExperimentStatus): string {
  const written = (value: number | null) => (value === null ? "?" : String(Number(value.toPrecision(4))));
  const units = arms.map(({ labelledUnits }) => labelledUnits).join(" and ");
  return `${goal.outcome} improves by ${written(goal.improvement)} [${written(goal.low)}, ${written(goal.high)}] on ${units} units.`;
}

interface Ending {
  readonly name: string;
  readonly number: number;
  readonly status: object;
  readonly verdict: string;
  readonly reason: string;
}

async function end(store: Store, { name, number, status, verdict, reason }: Ending): Promise<void> {
  await store.monitoring.decide({
    ...{ model: name, kind: "experiment", verdict, reason },
    evidence: { ...status, deployment: number },
  });
  await store.registry.deploy(name, null, `experiment: ${verdict}`, number);
}

async function shareAnew(running: RunningBandit, { store, context, name }: Running) {
  const status = await measureBandit(running, store, context);
  const shares = sharesFor(running.bandit, status.arms);
  const { deployment, number } = running;
  const variants = deployment.variants.map(({ model }, arm) => ({ model, weight: shares[arm]! }));
  await store.registry.deploy(name, { ...deployment, variants }, "bandit: shares follow success", number);
  return { ...status, arms: status.arms.map((arm, index) => ({ ...arm, share: shares[index]! })) };
}

/** Unique among the deployments of a name, which is where it is used. */
async function nextId(store: Store, name: string, kind: string): Promise<string> {
  const before = await store.registry.deployment(name);
  return `${kind}-${before ? before.number + 1 : 0}`;
}

const versionOf = ({ name, version }: Model): string => `${name}@${version}`;

async function championOf(store: Store, name: string): Promise<number | null> {
  const { version, aliases } = await store.models.get(name);
  return aliases.includes("champion") ? version : null;
}

const nothing = (model: string): ExperimentResult => ({
  ...{ model, state: "none", experiment: null, bandit: null, plan: null, champion: null },
});
