import { oriented } from "../../capabilities/ensembles/problem.js";
import { plateauReached } from "../../capabilities/tuning/plateau.js";
import { searchSpace } from "../../capabilities/tuning/space/search-space.js";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Extension } from "../../foundation/contracts/extension.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Observation } from "../../foundation/contracts/sampler.js";
import type { Configuration } from "../../foundation/contracts/search-space.js";
import type { Extensions } from "../project/extensions.js";
import { type Agenda, candidate } from "./agenda.js";
import type { Candidate, Situation } from "./candidates.js";
import type { Proposer } from "./search.js";
import type { TrialResult } from "./trial.js";
import { type Family, takeTurns } from "./turns.js";

/** Trials that run side by side know nothing of each other: constant, so that threads never change a search. */
const GENERATION = 4;

export interface ProposerOptions {
  readonly project: Project;
  readonly metric: Metric;
  readonly situation: Situation;
  readonly folds: number;
  readonly extensions: Proposing;
}

type Proposing = Pick<Extensions, "samplers" | "pruners">;

/**
 * First the agenda's list in order; then the families of the list take turns, and the sampler proposes for each by
 * what that family's trials have shown.
 */
export function createProposer(
  agenda: Agenda,
  { project, metric, situation, folds, extensions }: ProposerOptions,
): Proposer {
  const { sampler: samplerId, pruner: prunerId, patience } = project.tuning;
  const sampler = extensionOf("sampler", samplerId, extensions.samplers);
  const pruner = extensionOf("pruner", prunerId, extensions.pruners);
  const random = createRandom(project.seed).fork("search");
  const families = familiesOf(agenda);
  const wanted =
    agenda.trials ?? (agenda.seconds === undefined ? agenda.candidates.length : Number.POSITIVE_INFINITY);
  let proposed = 0;

  const listed = (): readonly Candidate[] => {
    const end = Math.min(wanted, agenda.candidates.length, proposed + GENERATION);
    return agenda.candidates.slice(proposed, end);
  };
  const searched: Proposer["next"] = (history, fits) => {
    const count = Math.min(GENERATION, wanted - proposed);
    const open = [...families].filter(([, listed]) => fits(listed));
    if (open.length === 0 || count <= 0 || hasSettled(observe(history), history)) return [];
    const observed = new Map(open.map(([id]) => [id, observe(ofFamily(history, id))]));
    const standings = open.map(([id, { estimate }]) => standing(id, observed.get(id)!, estimate.seconds));
    const turns = takeTurns(standings, count);
    const configured = open.flatMap(([id, { trainer, config }]) => {
      const taken = turns.filter((turn) => turn === id).length;
      if (taken === 0) return [];
      const suggested = sampler.suggest({
        space: searchSpace(trainer.config),
        history: observed.get(id)!,
        count: taken,
        random: random.fork(`${id} ${proposed}`),
        config: sampler.config.parse({}),
      });
      return suggested.map((fields) => ({ trainer, config: trainer.config.parse({ ...config, ...fields }) }));
    });
    return configured.map((one, i) => candidate(one, proposed + i, "search", situation));
  };
  const observe = (trials: readonly TrialResult[]): Observation[] =>
    trials.map((trial) => observation(trial, metric, folds));
  /** So many searched trials in a row brought no better one; a timed search uses its time. */
  const hasSettled = (observed: readonly Observation[], history: readonly TrialResult[]): boolean => {
    if (patience === 0 || agenda.seconds !== undefined) return false;
    const searchedTrials = history.filter(({ candidate }) => candidate.origin === "search").length;
    return (
      searchedTrials >= patience && plateauReached(observed, { trials: patience, relativeImprovement: 0 })
    );
  };
  return {
    next(history, fits) {
      const generation =
        proposed < Math.min(wanted, agenda.candidates.length) ? listed() : searched(history, fits);
      proposed += generation.length;
      return generation;
    },
    // Against its own family: half of another one's trials may well be better, and an ensemble needs both.
    goesOn({ number, trainer }, foldValues, history) {
      return !pruner.prune({
        trial: { number, steps: stepsOf(foldValues, metric) },
        peers: observe(ofFamily(history, trainer.id)),
        config: pruner.config.parse({}),
      });
    },
  };
}

/** The trainers of the list that have something to tune, each with the first configuration it is listed with. */
function familiesOf({ candidates }: Agenda): Map<string, Candidate> {
  const families = new Map<string, Candidate>();
  for (const listed of candidates) {
    const { trainer } = listed;
    if (!families.has(trainer.id) && searchSpace(trainer.config).length > 0) families.set(trainer.id, listed);
  }
  return families;
}

const ofFamily = (history: readonly TrialResult[], id: string): TrialResult[] =>
  history.filter(({ candidate }) => candidate.trainer.id === id);

function standing(id: string, observed: readonly Observation[], expectedSeconds: number): Family {
  const losses = observed.map(({ state, value }) =>
    state === "complete" && !Number.isNaN(value) ? value : Number.POSITIVE_INFINITY,
  );
  const best = losses.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return {
    id,
    best,
    idle: best === Number.POSITIVE_INFINITY ? losses.length : losses.length - 1 - losses.indexOf(best),
    seconds: observed.map(({ seconds }) => seconds),
    expectedSeconds,
  };
}

/** What a sampler may know of a trial; lower is better, and the cost is the estimate, for time does not repeat. */
function observation(trial: TrialResult, metric: Metric, folds: number): Observation {
  const { number, trainer, config, estimate } = trial.candidate;
  const fields = searchSpace(trainer.config).map(({ name }) => [name, config[name]]);
  const configuration: Configuration = Object.fromEntries(fields);
  const common = { number, configuration, seconds: estimate.seconds };
  switch (trial.state) {
    case "failed":
      return { ...common, state: "failed", value: Number.NaN, steps: [] };
    case "pruned": {
      const steps = stepsOf(trial.foldValues, metric);
      return {
        ...common,
        state: "pruned",
        value: steps.at(-1)!.value,
        steps,
        seconds: estimate.seconds / folds,
      };
    }
    case "done":
      return {
        ...common,
        state: "complete",
        value: loss(metric, trial.value),
        steps: stepsOf(trial.foldValues, metric),
      };
  }
}

const stepsOf = (foldValues: readonly number[], metric: Metric) =>
  foldValues.map((value, fold) => ({ step: fold + 1, value: loss(metric, value) }));

const loss = (metric: Metric, value: number): number =>
  Number.isNaN(value) ? Number.NaN : -oriented(metric, value);

/** @throws QuernError CONFIG_INVALID */
function extensionOf<Kind extends Extension>(kind: string, id: string, known: readonly Kind[]): Kind {
  const found = known.find((extension) => extension.id === id);
  if (found) return found;
  const ids = known.map((extension) => extension.id);
  const guess = nearest(id, ids);
  throw new QuernError(
    "CONFIG_INVALID",
    `tuning.${kind}: there is no ${kind} ${JSON.stringify(id)}${guess ? `; did you mean ${guess}?` : "."}`,
    { details: { [kind]: id }, hint: `There are ${ids.join(", ")}.` },
  );
}

/** Finds a wrong sampler or pruner before any work is done. @throws QuernError CONFIG_INVALID */
export function checkTuning({ tuning }: Project, { samplers, pruners }: Proposing): void {
  extensionOf("sampler", tuning.sampler, samplers);
  extensionOf("pruner", tuning.pruner, pruners);
}
