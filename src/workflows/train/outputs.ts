import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";

/** Where the report of a model version lies: names are letters, digits, `.`, `_` and `-` only. */
export function reportPath(store: string, model: string, version: number): string {
  return join(store, "reports", `${model}-${version}.html`);
}

/** What `--out` asks for: a copy of the bundle and of the report. */
export function copyOut(out: string, bundle: string, report: string): void {
  mkdirSync(out, { recursive: true });
  cpSync(bundle, join(out, "bundle"), { recursive: true });
  writeFileAtomic(join(out, "report.html"), report);
}
