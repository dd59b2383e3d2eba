import { portfolioFor } from "../../capabilities/tuning/portfolio.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import {
  type Candidate,
  type Configured,
  configuredModel,
  estimateAll,
  type LeftOut,
  type Situation,
} from "./candidates.js";

/** What a training will try before any search, in order. */
export interface Agenda {
  readonly candidates: readonly Candidate[];
  /** Of the automatic list, with the reason. */
  readonly leftOut: readonly LeftOut[];
  /** How many configurations in all; the search adds what the list lacks. Absent: until the time is up. */
  readonly trials?: number;
  /** Seconds for all; absent: counted work. */
  readonly seconds?: number;
}

/** Estimated seconds, on one thread, that a training without a budget of its own may spend on its list. */
const AUTOMATIC_SECONDS = 60;
/** No single configuration of the automatic list may take more than this share of the whole. */
const LARGEST_SHARE = 0.4;
const AUTOMATIC_BYTES = 2 ** 30;

/**
 * The configurations of a training: those the project lists, or the portfolio for such data as far as the
 * budget goes, strongest first, so that a slow learner cannot starve the rest. What is listed may take any time.
 * @param rounds how often the whole procedure is repeated: once for each outer fold and once for the model
 * @throws QuernError CONFIG_INVALID naming an unknown trainer or setting
 */
export function planAgenda(
  project: Project,
  trainers: readonly Trainer[],
  situation: Situation,
  rounds: number,
): Agenda {
  const { trials } = project.tuning;
  const seconds = durationSeconds(project.tuning.time);
  const limits = {
    ...(trials === undefined ? {} : { trials }),
    ...(seconds === undefined ? {} : { seconds }),
  };
  if (project.models !== "auto") {
    const listed = project.models
      .map((model) => configuredModel(model, trainers, situation.task))
      .slice(0, trials)
      .map((configured, number) => candidate(configured, number, "listed", situation));
    return { candidates: listed, leftOut: [], ...limits };
  }
  const portfolio = portfolioFor(situation).flatMap(({ trainer: id, config = {} }) => {
    const trainer = trainers.find((known) => known.id === id && known.tasks.includes(situation.task));
    return trainer ? [{ trainer, config: trainer.config.parse(config) }] : [];
  });
  const { chosen, leftOut } = affordable(
    seconds === undefined ? portfolio : familiesFirst(portfolio, situation),
    situation,
    (seconds ?? AUTOMATIC_SECONDS * (trials === undefined ? 1 : Math.max(1, trials / 12))) / rounds,
    seconds !== undefined,
  );
  return { candidates: chosen.slice(0, trials), leftOut, ...limits };
}

/**
 * The order for a time that may end before the list: the strongest, then one of each other family by what it gives for its
 * time, taken to fall with its place in the list, then the rest as listed. On wine-quality-white the network, fourth of the
 * list, took a third of a minute in which forest and neighbours, which are best there and cost a few seconds, were never tried:
 * log loss .91 instead of .77.
 */
function familiesFirst(portfolio: readonly Configured[], situation: Situation): readonly Configured[] {
  const isFirst = ({ trainer }: Configured, place: number): boolean =>
    portfolio.findIndex((other) => other.trainer === trainer) === place;
  const [strongest, ...others] = portfolio.filter(isFirst);
  const byWorth = others
    .map((configured) => {
      const { seconds } = estimateAll(configured, situation);
      return { configured, dearness: seconds * portfolio.indexOf(configured) };
    })
    .sort((a, b) => a.dearness - b.dearness)
    .map(({ configured }) => configured);
  const rest = portfolio.filter((configured, place) => !isFirst(configured, place));
  return strongest ? [strongest, ...byWorth, ...rest] : rest;
}

function affordable(
  portfolio: readonly Configured[],
  situation: Situation,
  seconds: number,
  isTimed: boolean,
): { chosen: Candidate[]; leftOut: LeftOut[] } {
  const chosen: Candidate[] = [];
  const leftOut: LeftOut[] = [];
  let left = seconds;
  // Counted work always has its strongest configuration; time that is too short for it needs a cheaper one.
  const firstTooDear = ({ estimate }: Candidate) =>
    isTimed && estimate.seconds > seconds ? tooDear(estimate, seconds) : undefined;
  for (const configured of portfolio) {
    const next = candidate(configured, chosen.length, "portfolio", situation);
    const reason =
      chosen.length === 0
        ? firstTooDear(next)
        : tooDear(next.estimate, Math.min(left, seconds * LARGEST_SHARE));
    if (reason === undefined) {
      chosen.push(next);
      left -= next.estimate.seconds;
    } else leftOut.push({ trainer: configured.trainer.id, reason });
  }
  if (chosen.length > 0) return { chosen, leftOut };
  const all = portfolio.map((configured) => candidate(configured, 0, "portfolio", situation));
  const cheapest = all.reduce((a, b) => (b.estimate.seconds < a.estimate.seconds ? b : a));
  return { chosen: [cheapest], leftOut: leftOut.filter((_, k) => all[k] !== cheapest) };
}

export function candidate(
  configured: Configured,
  number: number,
  origin: Candidate["origin"],
  situation: Situation,
): Candidate {
  return { ...configured, number, origin, estimate: estimateAll(configured, situation) };
}

function tooDear({ seconds, bytes }: Candidate["estimate"], limit: number): string | undefined {
  if (seconds > limit)
    return `about ${seconds.toPrecision(2)} s of work; ${Math.max(0, limit).toPrecision(2)} s are left for it`;
  if (bytes > AUTOMATIC_BYTES)
    return `about ${Math.round(bytes / 2 ** 20)} MiB of memory, over the ${AUTOMATIC_BYTES / 2 ** 20} MiB of the automatic list`;
  return undefined;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `90s`, `10m`, `1.5h` in seconds. The schema has checked the form. */
export function durationSeconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.slice(0, -1)) * UNITS[text.at(-1)!]!;
}
