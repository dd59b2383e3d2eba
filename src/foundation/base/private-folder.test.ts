import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, it } from "vitest";
import { makePrivateFolder } from "./private-folder.js";

it("sweeps what killed processes left, and nothing else", () => {
  const parent = mkdtempSync(join(tmpdir(), "quern-test-"));
  try {
    const first = makePrivateFolder(parent, "table");
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const ofProcess = (pid: number, tail: string): string =>
      basename(first).replace(/-\d+-[^-]+$/, `-${pid}-${tail}`);
    const put = (name: string, ageMinutes: number): void => {
      mkdirSync(join(parent, name, "spill"), { recursive: true });
      writeFileSync(join(parent, name, "spill", "block"), "x");
      const time = Date.now() / 1000 - ageMinutes * 60;
      utimesSync(join(parent, name), time, time);
    };
    const kept = [
      ofProcess(process.pid, "Living"),
      ofProcess(dead, "Young1"),
      `quern-table-0123abcd-${dead}-Other1`,
      `quern-source-${dead}`,
      "something-else",
    ];
    for (const name of kept) put(name, name.endsWith("Young1") ? 1 : 60);
    put(ofProcess(dead, "Stale1"), 60);

    const second = makePrivateFolder(parent, "table");
    expect(readdirSync(parent).sort()).toEqual([...kept, basename(first), basename(second)].sort());
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
