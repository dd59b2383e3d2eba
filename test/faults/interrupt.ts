/** Starts a training that can be stopped from outside, at a moment of its progress or of the clock. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { MAIN } from "../e2e/quern.js";

export interface Interruptible {
  readonly child: ChildProcess;
  /** Resolves once standard error shows the text; rejects if the process ends before. */
  shows(text: string): Promise<void>;
  readonly ended: Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
    stdout: string;
    stderr: string;
  }>;
}

export function startTraining(args: readonly string[], cwd: string): Interruptible {
  const child = spawn(process.execPath, [MAIN, "train", ...args], {
    cwd,
    env: { ...process.env, QUERN_HOME: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const watch of watchers) watch();
  });
  const ended: Interruptible["ended"] = new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  const shows = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        if (!stderr.includes(text)) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`It ended without showing ${text}:\n${stderr}`)));
    });
  return { child, shows, ended };
}

/** The process that trains: the only child of the command. Linux only, like the tests that kill it. */
export function trainingProcess(parent: number): number | undefined {
  const [first] = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ");
  return first ? Number(first) : undefined;
}
