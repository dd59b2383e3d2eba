import type { Clock } from "../../foundation/base/clock.js";
import { formatPercent } from "../../foundation/base/number-text.js";
import type { Deployment } from "../../foundation/contracts/deployment.js";
import { findReference } from "../../foundation/contracts/model-reference.js";
import type {
  CanaryEvidence,
  CanaryVerdict,
  ModelPool,
  RoutedRequest,
  ServedModel,
  TrafficRouter,
} from "../../foundation/contracts/serving.js";
import { AnswerDrift } from "./answer-drift.js";
import { VariantFigures } from "./variant-figures.js";

interface Spread {
  readonly deployment: Deployment;
  readonly change: number;
  /** Upper ends of the variants' shares of [0, 1). */
  readonly ends: readonly number[];
  readonly figures: readonly VariantFigures[];
  /** Of a canary. */
  readonly drift: AnswerDrift | undefined;
  readonly sinceMs: number;
}

/** Spreads the requests for a name over versions, the same subject always to the same one while shares stay. */
export class Traffic implements TrafficRouter {
  readonly #models: ModelPool;
  readonly #clock: Clock;
  readonly #spreads = new Map<string, Spread>();

  constructor(models: ModelPool, clock: Clock) {
    this.#models = models;
    this.#clock = clock;
  }

  deploy(name: string, deployment: Deployment | null, change = 0): void {
    if (deployment === null) {
      this.#spreads.delete(name);
      return;
    }
    const total = deployment.variants.reduce((sum, { weight }) => sum + weight, 0);
    let end = 0;
    const ends = deployment.variants.map(({ weight }) => {
      end += weight / total;
      return end;
    });
    const figures = ends.map(() => new VariantFigures());
    const [before, candidate] = figures;
    const drift =
      deployment.canary && before && candidate
        ? new AnswerDrift(before.answers, candidate.answers)
        : undefined;
    this.#spreads.set(name, { deployment, change, ends, figures, drift, sinceMs: this.#clock.elapsed() });
  }

  route(name: string, subject: string): RoutedRequest | undefined {
    const spread = this.#spreads.get(name);
    if (!spread) return undefined;
    const { deployment, ends, figures, drift } = spread;
    const experiment = (deployment.experiment ?? deployment.bandit)?.id;
    // Each experiment deals its subjects anew: those of the last one would carry its effects over.
    const place = hashToUnit(
      experiment === undefined ? `${name}\0${subject}` : `${name}\0${experiment}\0${subject}`,
    );
    // Rounding may leave the last end just below 1; a variant without a share is never taken for it.
    const found = ends.findIndex((end) => place < end);
    const at = found >= 0 ? found : deployment.variants.findLastIndex(({ weight }) => weight > 0);
    const start = this.#clock.elapsed();
    return {
      model: findReference(this.#models, deployment.variants[at]!.model),
      shadows: deployment.shadows.flatMap((reference) => this.#open(reference)),
      ...(experiment === undefined ? {} : { assignment: { experiment, subject } }),
      isCompared: drift !== undefined,
      settle: (failed, answer) => {
        figures[at]!.add((this.#clock.elapsed() - start) / 1000, failed);
        if (drift && answer) figures[at]!.addAnswer(place, answer);
      },
    };
  }

  judge(name: string): CanaryVerdict {
    const spread = this.#spreads.get(name);
    const canary = spread?.deployment.canary;
    if (!spread || !canary) return { decision: "stay" };
    const [before, candidate] = spread.figures as [VariantFigures, VariantFigures];
    const { maximumErrorRate, maximumLatencyRatio, maximumDrift, minimumRequests, stepSeconds } = canary;
    // As many failures as a whole step may have say enough, however few requests there were.
    if (candidate.failures > maximumErrorRate * minimumRequests && candidate.errorRate > maximumErrorRate) {
      return {
        decision: "back",
        reason: `${formatPercent(candidate.errorRate)} of ${candidate.requests} requests failed`,
      };
    }
    if (candidate.requests < minimumRequests) return { decision: "stay" };
    const ratio = candidate.p99 / before.p99;
    if (before.requests >= minimumRequests && ratio > maximumLatencyRatio) {
      return { decision: "back", reason: `its p99 latency is ${ratio.toFixed(1)} times the other's` };
    }
    const distance = spread.drift?.certainDistance() ?? 0;
    if (distance > maximumDrift) {
      return {
        decision: "back",
        reason: `its answers are distributed otherwise: by ${distance.toFixed(2)} at least, ${maximumDrift} is allowed`,
      };
    }
    const isLongEnough = this.#clock.elapsed() - spread.sinceMs >= stepSeconds * 1000;
    return { decision: isLongEnough ? "on" : "stay" };
  }

  takeEvidence(name: string): CanaryEvidence | undefined {
    const spread = this.#spreads.get(name);
    if (!spread?.deployment.canary) return undefined;
    const variants = spread.figures.map((figures) => figures.takeNew());
    if (variants.every(({ requests }) => requests === 0)) return undefined;
    return { name, change: spread.change, variants };
  }

  addEvidence({ name, change, variants }: CanaryEvidence): void {
    const spread = this.#spreads.get(name);
    if (!spread?.deployment.canary || spread.change !== change) return;
    for (const [at, evidence] of variants.entries()) spread.figures[at]?.addEvidence(evidence);
  }

  /** A shadow that is not open, or has enough to do, is left out: it must not cost an answer. */
  #open(reference: string): ServedModel[] {
    try {
      const model = findReference(this.#models, reference);
      return model.state === "ready" && model.busyRows === 0 ? [model] : [];
    } catch {
      return [];
    }
  }
}

/** 32-bit FNV-1a with the finaliser of MurmurHash3, which spreads texts that differ in a digit evenly; in [0, 1). */
export function hashToUnit(text: string): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
