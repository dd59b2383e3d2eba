import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { predictFile } from "../../src/workflows/use/predict-file.js";
import { writeJob } from "../fixtures/prediction-job.js";
import { workFolder } from "./quern.js";

const ROWS = 230;
const { folder, remove } = workFolder();
const request = (out: string) => ({
  ...{ model: "./bundle", source: "rows.csv", out, chunkRows: 20, resume: true },
});
const leftovers = (out: string) => readdirSync(folder).filter((name) => name !== out && name.startsWith(out));

/** Stops after so many chunks. */
async function stopAfter(chunks: number, out: string): Promise<void> {
  const stop = new AbortController();
  let seen = 0;
  const onEvent = () => {
    seen += 1;
    if (seen === chunks) stop.abort();
  };
  const work = predictFile(request(out), { folder, signal: stop.signal, onEvent });
  await expect(work).rejects.toMatchObject({ code: "INTERRUPTED" });
}

describe("a prediction of a file that is stopped", () => {
  beforeAll(async () => {
    await writeJob(folder, ROWS);
    for (const ending of ["csv", "jsonl", "parquet"])
      await predictFile(request(`whole.${ending}`), { folder });
  });
  afterAll(remove);

  it.each(["csv", "jsonl", "parquet"])(
    "goes on where it was, and the output is the same: .%s",
    async (ending) => {
      const out = `stopped.${ending}`;
      await stopAfter(3, out);
      await stopAfter(4, out);
      expect(readdirSync(folder)).not.toContain(out);
      expect(leftovers(out)).toHaveLength(2);
      let chunks = 0;
      const { rows } = await predictFile(request(out), { folder, onEvent: () => (chunks += 1) });
      expect(rows).toBe(ROWS);
      expect(chunks).toBe(5);
      expect(readFileSync(join(folder, out))).toEqual(readFileSync(join(folder, `whole.${ending}`)));
      expect(leftovers(out)).toEqual([]);
    },
  );
  it("drops what was written after the last chunk that is known to be durable", async () => {
    await stopAfter(2, "torn.csv");
    const part = leftovers("torn.csv").find((name) => name.endsWith(".tmp"))!;
    appendFileSync(join(folder, part), "half a li");
    // Killed while it wrote how far it was.
    writeFileSync(join(folder, "torn.csv.progress.json.0123456789ab.tmp"), '{"ident');
    await predictFile(request("torn.csv"), { folder });
    expect(readFileSync(join(folder, "torn.csv"))).toEqual(readFileSync(join(folder, "whole.csv")));
    expect(leftovers("torn.csv")).toEqual([]);
  });
  it("does not join answers for other rows, and starts anew when asked to", async () => {
    await stopAfter(2, "other.csv");
    const rows = readFileSync(join(folder, "rows.csv"), "utf8");
    writeFileSync(join(folder, "rows.csv"), rows.replace("\n1,1000000001,yes", "\n2,1000000001,yes"));
    await expect(predictFile(request("other.csv"), { folder })).rejects.toMatchObject({ code: "USAGE" });
    await predictFile({ ...request("other.csv"), resume: false }, { folder });
    expect(leftovers("other.csv")).toEqual([]);
    writeFileSync(join(folder, "rows.csv"), rows);
  });
  it("is left to the process that works on it", async () => {
    await stopAfter(2, "busy.csv");
    const path = join(folder, "busy.csv.progress.json");
    const state = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...state, process: process.ppid }));
    await expect(predictFile(request("busy.csv"), { folder })).rejects.toMatchObject({ code: "LEASE_LOST" });
  });
});
