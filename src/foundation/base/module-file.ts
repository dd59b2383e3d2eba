import { sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * The compiled file of a module under `src/`, for worker threads, child processes and WebAssembly, which need
 * a built file even when the caller runs from TypeScript sources (tests).
 * `relative` is written from `src/`, for example `workflows/train/child.js`.
 */
export function builtFile(relative: string): URL {
  const here = fileURLToPath(import.meta.url);
  const marker = `${sep}src${sep}foundation${sep}`;
  const fromSource = here.lastIndexOf(marker);
  const root =
    fromSource >= 0
      ? `${here.slice(0, fromSource)}${sep}dist${sep}`
      : here.slice(0, here.lastIndexOf(`${sep}foundation${sep}`) + 1);
  return new URL(relative, pathToFileURL(root));
}
