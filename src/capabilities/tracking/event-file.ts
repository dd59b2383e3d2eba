import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../foundation/base/clock.js";
import { translateWriteError } from "../../foundation/base/disk-errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import { scalarRecord, textRecord, versionRecord } from "./event-record.js";
import type { RunTracker } from "./run-tracker.js";

export interface EventFileOptions {
  /** Of this run; TensorBoard shows the folders below the one it is started in as runs. */
  readonly folder: string;
  /** For the file's name, which must be new in the folder: the id of the run. */
  readonly run: string;
  readonly clock: Clock;
}

/**
 * A TensorBoard event file. Each record is appended whole, so that a reader or a kill sees complete ones.
 * @throws QuernError DISK_FULL
 */
export function createEventFile({ folder, run, clock }: EventFileOptions): RunTracker {
  const seconds = () => clock.now() / 1000;
  const started = seconds();
  const name = `events.out.tfevents.${Math.floor(started)}.quern.${run}`;
  const path = join(folder, name);
  const append = (record: Uint8Array) => {
    try {
      appendFileSync(path, record);
    } catch (cause) {
      throw translateWriteError(cause, path);
    }
  };
  makeFolder(folder);
  append(versionRecord(started));
  // The last text under a tag is the one that is shown: it says all that is known by then.
  const lines = ["| setting | value |", "| --- | --- |"];
  let texts = 0;
  return {
    async settings(values) {
      lines.push(...Object.entries(values).map(([key, value]) => `| ${cell(key)} | ${cell(value)} |`));
      append(textRecord(seconds(), texts++, "settings", lines.join("\n")));
    },
    async scalars(step, values) {
      append(scalarRecord(seconds(), step, values));
    },
    async series(values) {
      const length = Math.max(0, ...Object.values(values).map((curve) => curve.length));
      for (let step = 0; step < length; step++) {
        const reached = Object.entries(values).flatMap(([name, curve]) =>
          step < curve.length ? [[name, curve[step]!] as const] : [],
        );
        append(scalarRecord(seconds(), step, Object.fromEntries(reached)));
      }
    },
    async end() {},
  };
}

/** As a cell of a Markdown table. */
const cell = (value: string | number | boolean): string =>
  String(value).replaceAll("|", "\\|").replace(/\s+/g, " ");
