/** "Production in ten minutes" of the README, run as it stands there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXAMPLES, MAIN, workFolder } from "./quern.js";

const README = fileURLToPath(new URL("../../README.md", import.meta.url));
const SECTION = /^## Production in ten minutes$[\s\S]*?^```sh\n([\s\S]*?)^```$/m;

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  holder.close();
  return port;
}

test("the commands of the README take a model from training to its successor", async () => {
  const { folder, remove } = workFolder();
  const port = await freePort();
  try {
    cpSync(join(EXAMPLES, "production"), join(folder, "examples/production"), { recursive: true });
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/quern"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    chmodSync(join(folder, "bin/quern"), 0o755);
    const [, commands] = SECTION.exec(readFileSync(README, "utf8"))!;
    const script = commands!
      .replaceAll("8080", String(port))
      .replaceAll(/(customers\.mjs ask.*?)( +#|$)/gm, `$1 --url http://127.0.0.1:${port}$2`);
    const shell = spawn("bash", ["-c", script], {
      cwd: folder,
      env: { ...process.env, QUERN_HOME: "", PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` },
    });
    let output = "";
    for (const stream of [shell.stdout, shell.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    const [code] = await once(shell, "close");
    const step = (pattern: RegExp): number => {
      const at = output.search(pattern);
      expect(at, `${pattern}\n${output}`).toBeGreaterThanOrEqual(0);
      return at;
    };
    expect(code, output).toBe(0);
    const places = [
      step(/churn@1 \(binary\)/),
      step(/2 processes serve/),
      step(/No alert is open/),
      step(/page: auc is/),
      step(/shadowing: /),
      step(/experimenting: /),
      step(/promoted: /),
    ];
    expect(places.slice(2)).toEqual(places.slice(2).toSorted((a, b) => a - b));
    // Servers look for a promotion five times a second: the first of these answers may come before that.
    const last = output.match(/^500 answers .*$/gm)!.at(-1)!;
    expect(Number(/'version 2': (\d+)/.exec(last)?.[1])).toBeGreaterThan(250);
  } finally {
    remove();
  }
}, 600_000);
