import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  createEventFile,
  createMlflowRun,
  type RunOutcome,
  type RunTracker,
} from "../../capabilities/tracking/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import type { WorkflowContext } from "../context.js";
import type { CourseEntry } from "./messages.js";

/** Those who write the course of a training down besides the store. Nothing they fail on reaches the training. */
export interface Followers {
  /** Returns at once; entries are written one after another. */
  readonly take: (entry: CourseEntry) => void;
  /** Waits until all is written. */
  readonly end: (outcome: RunOutcome) => Promise<void>;
}

type Surroundings = Pick<WorkflowContext, "folder" | "clock" | "logger">;

interface Destination {
  /** As the user named it. */
  readonly label: string;
  open(name: string, run: string): Promise<RunTracker>;
}

/** A tracker that does not answer holds the end of a training up by no more than this. */
const TIMEOUT_MS = 10_000;

/**
 * @param log `tensorboard=FOLDER` or `mlflow=URL`
 * @throws QuernError USAGE for what can be seen to be wrong without writing anything
 */
export function followersOf(log: readonly string[], surroundings: Surroundings): Followers {
  const followers = log.map((label) => follower(destinationOf(label, surroundings), surroundings));
  return {
    take: (entry) => {
      for (const { take } of followers) take(entry);
    },
    end: async (outcome) => {
      await Promise.all(followers.map(({ end }) => end(outcome)));
    },
  };
}

function destinationOf(label: string, surroundings: Surroundings): Destination {
  const [kind, value] = [label.slice(0, label.indexOf("=")), label.slice(label.indexOf("=") + 1)];
  if (label.includes("=") && value !== "") {
    if (kind === "tensorboard") return eventFiles(label, resolve(surroundings.folder, value), surroundings);
    if (kind === "mlflow") return mlflowServer(label, value, surroundings);
  }
  throw unusable(label, "is neither `tensorboard=FOLDER` nor `mlflow=URL`");
}

/** Each run in a folder of its own: TensorBoard calls them by these names. */
function eventFiles(label: string, folder: string, { clock }: Surroundings): Destination {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) throw unusable(label, `needs a folder, but ${existing} is a file`);
  try {
    accessSync(existing, constants.W_OK);
  } catch (cause) {
    throw unusable(label, `cannot be written: ${existing} is not yours to write to`, cause);
  }
  return {
    label,
    open: async (name, run) => createEventFile({ folder: join(folder, fileName(name, run)), run, clock }),
  };
}

const fileName = (name: string, run: string): string =>
  `${name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 60)}-${run}`;

/** Naming the server allows it, wherever it is, and nothing else. */
function mlflowServer(label: string, address: string, { clock }: Surroundings): Destination {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw unusable(label, "needs an address such as http://localhost:5000");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw unusable("mlflow", "takes an address without user, password, query or fragment");
  const hosts = [url.host];
  const client = createOutboundClient({
    allowedHosts: hosts,
    privateHosts: hosts,
    timeoutMs: TIMEOUT_MS,
    maxRedirects: 0,
  });
  return {
    label,
    open: (name, run) => createMlflowRun({ url: url.href, experiment: name, runName: run, client, clock }),
  };
}

function unusable(label: string, why: string, cause?: unknown): QuernError {
  return new QuernError("USAGE", `--log ${label} ${why}.`, {
    hint: "Write `--log tensorboard=FOLDER` or `--log mlflow=http://HOST:PORT`.",
    details: { log: label },
    ...(cause === undefined ? {} : { cause }),
  });
}

function follower({ label, open }: Destination, { logger }: Surroundings): Followers {
  let tracker: RunTracker | undefined;
  let queue = Promise.resolve();
  let hasFailed = false;
  const attempt = async (work: () => Promise<void> | undefined): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (!hasFailed) logger.log("warn", `The training is not written to ${label} any more. ${reason}`);
      hasFailed = true;
    }
  };
  return {
    take(entry) {
      queue = queue.then(async () => {
        if (hasFailed) return;
        await attempt(async () => {
          if (entry.kind === "begin") tracker = await open(entry.name, entry.run);
          else await write(tracker, entry);
        });
      });
    },
    async end(outcome) {
      await queue;
      // Also after a failure: a run that nobody ends looks as if it went on.
      await attempt(() => tracker?.end(outcome));
    },
  };
}

async function write(
  tracker: RunTracker | undefined,
  entry: Exclude<CourseEntry, { kind: "begin" }>,
): Promise<void> {
  switch (entry.kind) {
    case "settings":
      return tracker?.settings(entry.values);
    case "scalars":
      return tracker?.scalars(entry.step, entry.values);
    case "series":
      return tracker?.series(entry.values);
  }
}
