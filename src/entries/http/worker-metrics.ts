/** How server processes tell one another what they have counted: through the first one, which started the others. */
import type { Worker } from "node:cluster";
import { EventEmitter, once } from "node:events";
import { addEnded, type MetricPeers, type MetricSnapshot } from "./shared-metrics.js";

type Metrics = readonly MetricSnapshot[];

/** In the order in which they are sent: asker to first, first to others, others to first, first to asker. */
type Message =
  | { readonly quern: "metrics-wanted"; readonly id: number; readonly metrics: Metrics }
  | { readonly quern: "metrics-asked" }
  | { readonly quern: "metrics-given"; readonly metrics: Metrics }
  | { readonly quern: "metrics-of-others"; readonly id: number; readonly others: readonly Metrics[] };

/** A process that is too busy to answer by then is taken as it was when it was last asked. */
const WAIT_MS = 2_000;
/** Longer than the first process waits for the others. */
const GIVE_UP_MS = 4_000;

/** In one of several processes: the others. */
export function metricPeers(): MetricPeers {
  const waiting = new Map<number, (others: readonly Metrics[]) => void>();
  let asked = 0;
  process.on("message", (message: Message) => {
    if (message.quern === "metrics-of-others") waiting.get(message.id)?.(message.others);
  });
  return {
    offer(own) {
      process.on("message", (message: Message) => {
        if (message.quern === "metrics-asked")
          void own().then((metrics) => tell({ quern: "metrics-given", metrics }));
      });
    },
    async others(metrics) {
      const id = asked++;
      const answer = new Promise<readonly Metrics[]>((resolve) => {
        waiting.set(id, resolve);
        setTimeout(resolve, GIVE_UP_MS, []).unref();
      });
      tell({ quern: "metrics-wanted", id, metrics });
      return answer.finally(() => waiting.delete(id));
    },
  };
}

/** A first process that has died is noticed elsewhere. */
function tell(message: Message): void {
  if (process.connected) process.send?.(message, () => undefined);
}

/** In the first process. */
export class WorkerMetrics {
  /** What each living process gave when it was last asked. */
  readonly #known = new Map<Worker, Metrics>();
  /** Says which process gave its figures, or ended: by its number. */
  readonly #given = new EventEmitter().setMaxListeners(0);
  #ended: Metrics = [];

  attach(worker: Worker): void {
    this.#known.set(worker, []);
    worker.on("message", (message: Message) => {
      if (message.quern !== "metrics-wanted" && message.quern !== "metrics-given") return;
      this.#known.set(worker, message.metrics);
      if (message.quern === "metrics-wanted") void this.#answer(worker, message.id);
      else this.#given.emit(worker.id.toString());
    });
    worker.once("exit", () => {
      const last = this.#known.get(worker) ?? [];
      this.#known.delete(worker);
      this.#given.emit(worker.id.toString());
      void this.#keep(last);
    });
  }

  async #keep(last: Metrics): Promise<void> {
    if (last.length === 0) return;
    this.#ended = await addEnded(this.#ended, last);
  }

  async #answer(asker: Worker, id: number): Promise<void> {
    const others = [...this.#known.keys()].filter((worker) => worker !== asker);
    await Promise.all(others.map((worker) => this.#ask(worker)));
    const given = others.map((worker) => this.#known.get(worker) ?? []);
    const message: Message = { quern: "metrics-of-others", id, others: [this.#ended, ...given] };
    if (asker.isConnected()) asker.send(message, () => undefined);
  }

  async #ask(worker: Worker): Promise<void> {
    if (!worker.isConnected()) return;
    const message: Message = { quern: "metrics-asked" };
    const given = once(this.#given, worker.id.toString(), { signal: AbortSignal.timeout(WAIT_MS) });
    worker.send(message, () => undefined);
    await given.catch(() => undefined);
  }
}
