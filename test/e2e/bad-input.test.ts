import { closeSync, mkdirSync, openSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ERROR_TABLE, QuernError } from "../../src/foundation/base/errors.js";
import type { ProjectInput } from "../../src/foundation/contracts/project.js";
import { readProjectFile } from "../../src/workflows/project/project-file.js";
import { runTraining } from "../../src/workflows/train/run-training.js";
import { quern, workFolder } from "./quern.js";

let folder = "";
let remove = (): void => undefined;
beforeEach(() => ({ folder, remove } = workFolder()));
afterEach(() => remove());

interface BadInput {
  readonly what: string;
  /** Content of data.csv, or a function that makes it. */
  readonly data: string | Uint8Array | ((path: string) => void);
  /** Beside `data.csv` and the target `y`. */
  readonly project?: Pick<ProjectInput, "task" | "data" | "models">;
  readonly code: string;
  /** What the message must name. */
  readonly says: RegExp;
}

const rows = (n: number, row: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => row(i)).join("\n");

const BAD: readonly BadInput[] = [
  { what: "an empty file", data: "", code: "DATA_EMPTY", says: /data\.csv/ },
  { what: "a header only", data: "a,b,y\n", code: "DATA_EMPTY", says: /data\.csv/ },
  {
    what: "ragged rows",
    data: `a,y\n${rows(30, (i) => `${i},${i % 2}`)}\n1,2,3,4\n`,
    code: "DATA_MALFORMED",
    says: /data\.csv.*32|32.*data\.csv/s,
  },
  {
    what: "binary junk",
    data: Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256),
    code: "DATA_",
    says: /data\.csv/,
  },
  {
    what: "a torn gzip",
    data: gzipSync(`a,y\n${rows(5000, (i) => `${i},${i % 2}`)}`).subarray(0, 900),
    code: "DATA_",
    says: /data\.csv/,
  },
  {
    what: "a sparse file of 10 GB",
    data: (path) => {
      closeSync(openSync(path, "w"));
      truncateSync(path, 10 * 2 ** 30);
    },
    code: "DATA_",
    says: /data\.csv/,
  },
  { what: "a folder with nothing in it", data: (path) => mkdirSync(path), code: "DATA_", says: /data\.csv/ },
  {
    what: "an unknown target",
    data: `a,b,income\n${rows(40, (i) => `${i},${i * 2},${i % 2}`)}`,
    project: { task: { target: "incom" } },
    code: "DATA_COLUMN_UNKNOWN",
    says: /incom.*income/s,
  },
  {
    what: "a target with one class",
    data: `a,y\n${rows(40, (i) => `${i},yes`)}`,
    code: "TARGET_UNUSABLE",
    says: /one value only/,
  },
  {
    what: "a target that is missing everywhere",
    data: `a,y\n${rows(40, (i) => `${i},`)}`,
    code: "TARGET_UNUSABLE",
    says: /"y"/,
  },
  { what: "one row", data: "a,y\n1,2\n", code: "TARGET_UNUSABLE|DATA_TOO_FEW_ROWS", says: /one value|row/ },
  {
    what: "more classes than rows allow",
    data: `a,y\n${rows(40, (i) => `${i},label${i}`)}`,
    code: "TARGET_UNUSABLE",
    says: /40 different values/,
  },
  {
    what: "a regression on text",
    data: `a,y\n${rows(40, (i) => `${i},${i % 2 ? "red" : "blue"}`)}`,
    project: { task: { target: "y", type: "regression" } },
    code: "TARGET_UNUSABLE",
    says: /number/,
  },
  {
    what: "broken JSON",
    data: (path) => writeFileSync(path, '{"a": 1, "y": 2}\n{"a": 1, "y": \n'),
    project: { data: { format: "jsonl" } },
    code: "DATA_MALFORMED",
    says: /data\.csv/,
  },
  {
    what: "an unknown encoding",
    data: `a,y\n${rows(40, (i) => `${i},${i % 2}`)}`,
    project: { data: { encoding: "klingon" } },
    code: "DATA_ENCODING|USAGE",
    says: /klingon/,
  },
  {
    what: "a column name of 10,000 characters",
    data: `${"n".repeat(10_000)},y\n${rows(40, (i) => `${i},${i % 2}`)}`,
    code: "DATA_MALFORMED",
    says: /line 1.*10000 characters/,
  },
  {
    what: "a target name that two columns have",
    data: `y,a,y\n${rows(40, (i) => `${i % 2},${i},${i % 3}`)}`,
    code: "TARGET_UNUSABLE",
    says: /only one of that name.*"y_2"/,
  },
  {
    what: "an unknown trainer",
    data: `a,y\n${rows(40, (i) => `${i},${i % 2}`)}`,
    project: { models: ["gbtd"] },
    code: "CONFIG_INVALID",
    says: /did you mean gbdt/,
  },
  {
    what: "an unknown metric",
    data: `a,y\n${rows(40, (i) => `${i},${i % 2}`)}`,
    project: { task: { metric: "acuracy" } },
    code: "CONFIG_INVALID",
    says: /accuracy/,
  },
];

const FLAGS = [
  [["--tagret", "x"], "USAGE", /tagret/],
  [["--time", "10x"], "USAGE|CONFIG_INVALID", /10x|90s, 10m or 1\.5h/],
  [["--time", "0s"], "USAGE|CONFIG_INVALID", /time/],
  [["--trials", "0"], "USAGE|CONFIG_INVALID", /trials/],
  [["--ensemble", "some"], "USAGE|CONFIG_INVALID", /auto.*none|none.*auto/s],
] as const;

/** As the training process does it, in this one: starting a process costs more than finding what is wrong. */
async function failureOf(project: ProjectInput): Promise<QuernError> {
  const request = { project, folder, store: join(folder, ".quern"), threads: 1, allowedHosts: [] };
  const { signal } = new AbortController();
  const options = { signal, onEvent: () => undefined, startedAt: Date.now() };
  const failure: unknown = await runTraining(request, options).catch((error: unknown) => error);
  if (!QuernError.is(failure)) throw failure;
  return failure;
}

/** As `quern train` does without further words. */
async function projectFailure(): Promise<QuernError> {
  try {
    return await failureOf(readProjectFile(join(folder, "quern.yaml")).input);
  } catch (failure) {
    if (!QuernError.is(failure)) throw failure;
    return failure;
  }
}

describe("bad input ends with code 2, says where and what to do, and leaves nothing behind", () => {
  test.each(BAD)("$what", async ({ data, project = {}, code, says }) => {
    const path = join(folder, "data.csv");
    if (typeof data === "function") data(path);
    else writeFileSync(path, data);
    const failure = await failureOf({
      ...project,
      task: { target: "y", ...project.task },
      data: { source: "data.csv", ...project.data },
    });
    expect(failure.code).toMatch(new RegExp(code));
    expect(ERROR_TABLE[failure.code].exit).toBe(2);
    expect(failure.message).toMatch(says);
    expect(failure.hint.length).toBeGreaterThan(10);
    expect(readdirSync(folder)).toEqual(["data.csv"]);
  });

  test.each([[[], "TARGET_UNUSABLE", /one value only/] as const, ...FLAGS])(
    "the command with the flags %j",
    async (flags, code, says) => {
      writeFileSync(join(folder, "data.csv"), `a,y\n${rows(40, (i) => `${i},yes`)}`);
      const outcome = await quern(["train", "data.csv", "--target", "y", ...flags, "--json"], {
        cwd: folder,
      });
      expect(outcome.code, outcome.stderr).toBe(2);
      const { error } = outcome.json();
      expect(error.code).toMatch(new RegExp(code));
      expect(error.message).toMatch(says);
      expect(error.hint.length).toBeGreaterThan(10);
      expect(outcome.stderr).toContain(error.message.split("\n")[0]);
      expect(readdirSync(folder)).toEqual(["data.csv"]);
    },
  );

  test("a file that is not there", async () => {
    const outcome = await quern(["train", "no-such.csv", "--target", "y", "--json"], { cwd: folder });
    expect(outcome.code).toBe(2);
    expect(outcome.json().error.code).toBe("DATA_NOT_FOUND");
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["tuning: { sampler: tpee }", /did you mean tpe\?/],
    ["tuning: { pruner: medain }", /did you mean median\?/],
    ["tuning: { time: 0s }", /tuning\.time/],
    ["evaluation: { fairness: [nope] }", /nope/],
    ["ensemble: { folds: 99 }", /ensemble\.folds.*20/],
    ["ensemble: { fold: 3 }", /did you mean `folds`/],
  ])("the project says %s", async (setting, says) => {
    const csv = `a,b,y\n${rows(60, (i) => `${i},${i % 7},${i % 2}`)}`;
    writeFileSync(join(folder, "data.csv"), csv);
    writeFileSync(
      join(folder, "quern.yaml"),
      `task: { target: y }\ndata: { source: data.csv }\n${setting}\n`,
    );
    const failure = await projectFailure();
    expect(failure.code).toMatch(/CONFIG_INVALID|DATA_COLUMN_UNKNOWN/);
    expect(ERROR_TABLE[failure.code].exit).toBe(2);
    expect(failure.message).toMatch(says);
    expect(failure.hint.length).toBeGreaterThan(10);
    expect(readdirSync(folder).sort()).toEqual(["data.csv", "quern.yaml"]);
  });

  test("a project file with an unknown key names line and nearest key", async () => {
    writeFileSync(join(folder, "quern.yaml"), "task:\n  taget: y\n");
    const outcome = await quern(["train", "--json"], { cwd: folder });
    expect(outcome.code).toBe(2);
    expect(outcome.json().error.message).toMatch(/quern\.yaml:2:3.*did you mean `target`/);
  });

  test("a project elsewhere has its store and its modules there", async () => {
    mkdirSync(join(folder, "elsewhere"));
    writeFileSync(join(folder, "elsewhere", "quern.yaml"), "task:\n  target: y\n");
    const args = ["retrain", "churn", "--project", "elsewhere/quern.yaml", "--json"];
    const outcome = await quern(args, { cwd: folder });
    expect(outcome.json().error).toMatchObject({
      code: "STORE_NOT_FOUND",
      details: { folder: join(folder, "elsewhere", ".quern") },
    });
  });
});

describe("odd but usable input trains", () => {
  const NAMES = [
    "__proto__",
    "constructor",
    "",
    "z ",
    "a,b",
    'quo"te',
    "new\nline",
    "😀",
    "名字",
    "x'); DROP TABLE data; --",
    "__row",
    "rowid",
  ];
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

  test("hostile column names, extreme numbers, impossible dates, an all-missing column", async () => {
    const header = [...NAMES, "big", "when", "gone", "y"].map(quote).join(",");
    const line = (i: number): string =>
      [
        ...NAMES.map((_, k) => ((i * (k + 3)) % 17) / 4),
        i % 9 === 0 ? "1e999" : i,
        i % 7 === 0 ? "0000-01-01" : `20${10 + (i % 15)}-03-0${1 + (i % 9)}`,
        "",
        i % 3 === 0 ? "yes" : "no",
      ].join(",");
    writeFileSync(join(folder, "data.csv"), `${header}\n${rows(300, line)}\n`);
    const outcome = await quern(
      ["train", "data.csv", "--target", "y", "--models", "gbdt,logistic-regression", "--json"],
      { cwd: folder },
    );
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = outcome.json();
    expect(result.task).toBe("binary");
    expect(result.parity.maxAbsDiff).toBeLessThanOrEqual(1e-5);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("standard input with Chinese text and semicolons", async () => {
    const csv = `面积;城市;价格\n${rows(200, (i) => `${50 + (i % 60)};${i % 2 ? "北京" : "上海"};${(i % 60) * 3 + (i % 2) * 40}`)}\n`;
    const outcome = await quern(["train", "-", "--target", "价格", "--models", "gbdt", "--json"], {
      cwd: folder,
      input: csv,
    });
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.json().task).toBe("regression");
  });
});
