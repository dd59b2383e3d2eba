import type { Prediction } from "../../foundation/contracts/prediction.js";
import type { VariantEvidence } from "../../foundation/contracts/serving.js";
import { AnswerSample } from "./answer-drift.js";

/** Answers kept of each variant to know its latency by; the newest ones. */
const KEPT_LATENCIES = 1024;
/** Of them told to other processes at a time: those of each process weigh alike. */
const TOLD_LATENCIES = 128;

const noNews = () => ({
  requests: 0,
  failures: 0,
  seconds: [] as number[],
  answers: [] as [subject: number, answer: Prediction][],
});

/** What one variant did since its share last changed, here and in the processes that tell of theirs. */
export class VariantFigures {
  requests = 0;
  failures = 0;
  readonly answers = new AnswerSample();
  readonly #seconds = new Float64Array(KEPT_LATENCIES);
  #timed = 0;
  /** What others have not been told: bounded, as they may never ask. */
  #news = noNews();

  add(seconds: number, failed: boolean): void {
    this.requests += 1;
    if (failed) this.failures += 1;
    this.#time(seconds);
    const news = this.#news;
    news.requests += 1;
    if (failed) news.failures += 1;
    if (news.seconds.length < TOLD_LATENCIES) news.seconds.push(seconds);
  }

  /** @param subject a number for whose answer it is */
  addAnswer(subject: number, answer: Prediction): void {
    if (this.answers.add(subject, answer)) this.#news.answers.push([subject, answer]);
  }

  addEvidence({ requests, failures, seconds, answers }: VariantEvidence): void {
    this.requests += requests;
    this.failures += failures;
    for (const time of seconds) this.#time(time);
    for (const [subject, answer] of answers) this.answers.add(subject, answer);
  }

  /** What came since it was last called. */
  takeNew(): VariantEvidence {
    const news = this.#news;
    this.#news = noNews();
    return news;
  }

  get errorRate(): number {
    return this.requests === 0 ? 0 : this.failures / this.requests;
  }

  /** Seconds; NaN before the first request. */
  get p99(): number {
    const known = this.#seconds.slice(0, Math.min(this.#timed, KEPT_LATENCIES)).sort();
    return known[Math.min(known.length - 1, Math.floor(known.length * 0.99))] ?? Number.NaN;
  }

  #time(seconds: number): void {
    this.#seconds[this.#timed % KEPT_LATENCIES] = seconds;
    this.#timed += 1;
  }
}
