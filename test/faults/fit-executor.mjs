// What the pool's tests fit: a real trainer on the material, or a fault that the task's config asks for.
import { existsSync, writeFileSync } from "node:fs";

const dist = new URL("../../dist/", import.meta.url);
const { QuernError } = await import(new URL("foundation/base/errors.js", dist));
const { createRandom } = await import(new URL("foundation/base/random.js", dist));
const { createFrame, takeRows } = await import(new URL("foundation/contracts/frame.js", dist));
const { takeTarget } = await import(new URL("foundation/contracts/target.js", dist));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `columns` is a list of names and columns: the packed form has no Map. */
function learn({ columns, target, folds }, task, context) {
  const frame = createFrame(columns);
  const rows = [...folds.keys()];
  const heldOut = rows.filter((row) => folds[row] === task.fold);
  const train = rows.filter((row) => folds[row] !== task.fold);
  const data = { train: { features: takeRows(frame, train), target: takeTarget(target, train) } };
  return context.trainer
    .fit(data, context.trainer.config.parse(task.config), {
      ...context,
      random: createRandom(context.seed),
      ...(task.maxIterations === undefined ? {} : { maxIterations: task.maxIterations }),
    })
    .then((fitted) => ({
      state: fitted.state,
      heldOut: heldOut.length > 0 ? fitted.predict(takeRows(frame, heldOut)) : null,
      diagnostics: fitted.diagnostics,
    }));
}

const faults = {
  /** Dies the first time, or always. */
  die({ marker, always }) {
    if (!always && existsSync(marker)) return;
    writeFileSync(marker, String(process.pid));
    process.kill(process.pid, "SIGKILL");
    return sleep(10_000);
  },
  heap() {
    const kept = [];
    for (;;) kept.push(new Array(1_000_000).fill(0));
  },
  hang() {
    for (;;);
  },
  /** Works until it is aborted, looking now and then. */
  async wait({ ms, marker }, { signal, report }) {
    if (marker) writeFileSync(marker, String(process.pid));
    for (let waited = 0; waited < ms; waited += 5) {
      signal.throwIfAborted();
      report({ stage: "wait", done: waited, total: ms });
      await sleep(5);
    }
  },
  refuse() {
    throw new QuernError("TRAINING_FAILED", "no such luck", { hint: "try again", details: { why: 7 } });
  },
  bug() {
    throw new TypeError("undefined is not a model");
  },
  tell({ text }, { logger }) {
    logger.log("info", text, { answer: 42, call: () => undefined });
  },
};

export const executor = {
  version: 1,
  async fit(task, material, context) {
    const { fault, ...settings } = task.config;
    if (fault === undefined) return learn(material, task, context);
    await faults[fault](settings, context);
    return { state: { task, pid: settings.pid ? process.pid : 0 }, heldOut: null, diagnostics: {} };
  },
};
