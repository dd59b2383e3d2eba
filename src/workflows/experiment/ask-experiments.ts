import { type ChildProcess, fork } from "node:child_process";
import { QuernError } from "../../foundation/base/errors.js";
import { builtFile } from "../../foundation/base/module-file.js";
import type { ExperimentList, ExperimentResult, Experiments } from "../../foundation/contracts/experiment.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { ExperimentQuestion, ExperimentReply } from "./messages.js";
import { refuseWhileRunning } from "./refuse-while-running.js";

/** Questions that wait for the one that is being answered; further ones are refused. */
const MOST_WAITING = 8;
const IDLE_MS = 10_000;
/** A log of millions of predictions is read in a minute; what takes longer than this would hold up all who ask after it. */
const LIMIT_MS = 300_000;

type Without<T, Key extends string> = T extends unknown ? Omit<T, Key> : never;

export interface ExperimentsOptions {
  /** From which relative paths are read; default: the current one. */
  readonly folder?: string;
  /** Time for one answer, in milliseconds; then its process is ended. Whatever it was at can be asked again. */
  readonly limitMs?: number;
}

/**
 * Asks about experiments in a process of their own: reading a long log and a million labels must hold up no prediction.
 * What names no version is refused before a process is started for it.
 * @param storeFolder of `store`
 */
export function openExperiments(
  store: Store,
  storeFolder: string,
  { folder = process.cwd(), limitMs = LIMIT_MS }: ExperimentsOptions = {},
): Experiments {
  let waiting = 0;
  const aside = new ExperimentProcess(limitMs);
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (
    question: Without<ExperimentQuestion, "store" | "folder">,
  ): Promise<ExperimentResult> => {
    // A name that nobody knows is no work for another process.
    await store.models.get(question.name);
    if (waiting >= MOST_WAITING)
      throw new QuernError("OVERLOADED", `${waiting} questions about experiments wait already.`, {
        details: { retryAfterSeconds: 2 },
      });
    waiting += 1;
    const asked = last.then(() =>
      aside.ask({ ...question, store: storeFolder, folder } as ExperimentQuestion),
    );
    last = asked.catch(() => undefined).finally(() => (waiting -= 1));
    return asked;
  };
  return {
    list: () => listRunning(store),
    async start(name, request) {
      await refuseWhileRunning(store, name);
      for (const model of "candidate" in request ? [request.candidate] : request.models)
        await store.models.get(model);
      return ask({ action: "start", name, request });
    },
    status: (name) => ask({ action: "status", name }),
    conclude: (name) => ask({ action: "conclude", name }),
    stop: (name, reason) => ask({ action: "stop", name, reason }),
  };
}

/** One process for questions that follow each other; it ends when nobody asks, and with this one. */
class ExperimentProcess {
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #limitMs: number;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  async ask(question: ExperimentQuestion): Promise<ExperimentResult> {
    clearTimeout(this.#idle);
    this.#child ??= this.#start();
    const child = this.#child;
    const limit = setTimeout(() => {
      // Nobody else is to be given what has been ended.
      if (this.#child === child) this.#child = undefined;
      child.kill("SIGKILL");
    }, this.#limitMs).unref();
    try {
      return await answerOf(child, question);
    } catch (failure) {
      if (!child.killed) throw failure;
      throw new QuernError(
        "DEADLINE_EXCEEDED",
        `The answer about the experiment of ${question.name} took more than ${this.#limitMs / 1000} s.`,
        { hint: "Keep fewer predictions (`monitoring.log`), or ask `quern experiment`, which has no limit." },
      );
    } finally {
      clearTimeout(limit);
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
    }
  }

  #start(): ChildProcess {
    const child = fork(builtFile("workflows/experiment/experiment.worker.js"), [], {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    // It holds up no end of this process: who waits for an answer does.
    child.unref();
    child.channel?.unref();
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }

  #end(): void {
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected) child.disconnect();
  }
}

function answerOf(child: ChildProcess, question: ExperimentQuestion): Promise<ExperimentResult> {
  return new Promise((resolve, reject) => {
    const onReply = (reply: ExperimentReply): void => {
      settle();
      if ("result" in reply) resolve(reply.result);
      else reject("error" in reply ? QuernError.fromJSON(reply.error) : new Error(reply.crash));
    };
    const onEnd = (why: unknown): void => {
      settle();
      reject(new Error(`The process of experiments ended (${why}).`));
    };
    const settle = (): void => {
      child.off("message", onReply).off("exit", onEnd).off("error", onEnd);
    };
    child.on("message", onReply).on("exit", onEnd).on("error", onEnd);
    child.send(question, () => undefined);
  });
}

const PAGE = 1000;

async function listRunning(store: Store): Promise<ExperimentList> {
  const names = new Set<string>();
  for (let after: string | undefined, more = true; more; ) {
    const { items, next } = await store.models.list({
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { name } of items) names.add(name);
    after = next;
    more = next !== undefined;
  }
  const found: ExperimentList["items"] = [];
  for (const model of [...names].sort()) {
    const change = await store.registry.deployment(model);
    const { experiment, bandit, variants = [] } = change?.deployment ?? {};
    const running = experiment ?? bandit;
    if (!change || !running) continue;
    found.push({
      ...{ model, id: running.id, kind: experiment ? "experiment" : "bandit", startedAt: change.changedAt },
      variants: variants.map(({ model: version, weight }) => ({ model: version, weight })),
    });
  }
  return { items: found };
}
