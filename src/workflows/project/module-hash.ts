import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hashValue, type Sha256, sha256 } from "../../foundation/base/hash.js";

/** `from "./x.js"`, `import "./x.js"`, `import("./x.js")`, `require("./x.js")`: only what lies beside the module is the user's. */
const RELATIVE_IMPORT = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/**
 * Names a module of the user's by its bytes and those of all files that it imports by relative paths, so that changed
 * code is never answered with what other code computed. Packages are not read: their lock file is the user's to mind.
 */
export function hashModule(path: string): Sha256 {
  const hashes = new Map<string, Sha256>();
  const pending = [path];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (hashes.has(file)) continue;
    const bytes = readFileSync(file);
    hashes.set(file, sha256(bytes));
    for (const [, specifier] of bytes.toString("utf8").matchAll(RELATIVE_IMPORT)) {
      const imported = resolved(specifier!, file);
      if (imported !== undefined) pending.push(imported);
    }
  }
  const own = hashes.get(path)!;
  if (hashes.size === 1) return own;
  const folder = dirname(path);
  return hashValue(
    Object.fromEntries(
      [...hashes].map(([file, hash]) => [relative(folder, file).replaceAll("\\", "/"), hash]),
    ),
  );
}

/** Undefined where there is no such file: what looks like an import may be text, and a real one fails when it is loaded. */
function resolved(specifier: string, from: string): string | undefined {
  try {
    return createRequire(pathToFileURL(from)).resolve(fileURLToPath(new URL(specifier, pathToFileURL(from))));
  } catch {
    return undefined;
  }
}
