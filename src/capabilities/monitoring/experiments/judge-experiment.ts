import {
  type ArmFigures,
  type SequenceOptions,
  type SequentialDifference,
  sequentialDifference,
} from "./confidence-sequence.js";
import { BROKEN_BELOW, sampleRatioPValue } from "./sample-ratio.js";

export interface WatchedOutcome {
  readonly name: string;
  readonly direction: "maximize" | "minimize";
  readonly control: ArmFigures;
  readonly treatment: ArmFigures;
}

export interface ExperimentRequest {
  /** What decides. */
  readonly goal: WatchedOutcome;
  /** What must not get worse by more than `harm`, in its own unit. */
  readonly guards: readonly (WatchedOutcome & { readonly harm: number })[];
  /** Planned shares of control and treatment. */
  readonly shares: readonly [number, number];
  /** Units that each version was chosen for, labelled or not; default those of the goal. */
  readonly assigned?: readonly [number, number];
  /** Improvements below this are not worth a launch, in the unit of the goal. */
  readonly minimumEffect: number;
  readonly options?: SequenceOptions;
}

export interface ExperimentVerdict {
  /**
   * `blocked`: the assignment is broken and nothing may be concluded; `stop`: a guard is surely harmed, or the goal
   * surely worse; `launch`: surely better, every guard surely not harmed; `no-effect`: surely less than what is worth
   * it; `continue`: not clear yet.
   */
  readonly verdict: "blocked" | "stop" | "launch" | "no-effect" | "continue";
  readonly reason: string;
  readonly sampleRatio: number;
  /** The same of the units whose outcome is known: labels may come for one version rather than the other. */
  readonly labelRatio: number;
  /** Positive is better, whatever the direction. */
  readonly goal: SequentialDifference;
  readonly guards: readonly (SequentialDifference & { readonly name: string })[];
}

/** May be asked as often as one likes: every interval holds at all looks together. */
export function judgeExperiment(request: ExperimentRequest): ExperimentVerdict {
  const { goal, guards, shares, minimumEffect, options } = request;
  const known = [goal.control.units, goal.treatment.units] as const;
  const { assigned = known } = request;
  const sampleRatio = sampleRatioPValue(assigned, shares);
  // Against the shares that were assigned: what remains is who was labelled.
  const labelRatio = assigned.every((units) => units > 0) ? sampleRatioPValue(known, assigned) : 1;
  const improvement = improvementOf(goal, options);
  const judged = guards.map((guard) => ({ name: guard.name, ...improvementOf(guard, options) }));
  const finish = (verdict: ExperimentVerdict["verdict"], reason: string): ExperimentVerdict => {
    return { verdict, reason, sampleRatio, labelRatio, goal: improvement, guards: judged };
  };
  if (sampleRatio < BROKEN_BELOW)
    return finish("blocked", `${assigned[0]} and ${assigned[1]} units are not the planned shares.`);
  if (labelRatio < BROKEN_BELOW)
    return finish(
      "blocked",
      `${known[0]} of ${assigned[0]} units have an outcome and ${known[1]} of ${assigned[1]}: whose is known depends on the version.`,
    );
  const harmed = judged.find(({ high }, index) => high < -guards[index]!.harm);
  if (harmed) return finish("stop", `${harmed.name} is harmed.`);
  if (improvement.high < 0) return finish("stop", `${goal.name} is worse.`);
  if (improvement.high < minimumEffect)
    return finish("no-effect", `${goal.name} improves by less than is worth it.`);
  const unsure = judged.find(({ low }, index) => low < -guards[index]!.harm);
  if (improvement.low > 0 && !unsure) return finish("launch", `${goal.name} is better.`);
  return finish(
    "continue",
    unsure && improvement.low > 0 ? `${unsure.name} may be harmed.` : "Not clear yet.",
  );
}

function improvementOf(
  { direction, control, treatment }: WatchedOutcome,
  options?: SequenceOptions,
): SequentialDifference {
  return direction === "maximize"
    ? sequentialDifference(control, treatment, options)
    : sequentialDifference(treatment, control, options);
}
