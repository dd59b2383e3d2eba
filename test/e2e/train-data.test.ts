/** Whole trainings on files as people have them: Chinese names and encodings, and the example projects. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cellsOf, PENGUINS } from "./data.js";
import { EXAMPLES, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

/** GB18030 by turning the decoder around: one byte for ASCII, two for the Chinese characters in use. */
function gb18030(text: string): Uint8Array {
  const codes = new Map<string, [number, number]>();
  const decoder = new TextDecoder("gb18030");
  for (let high = 0x81; high <= 0xfe; high++)
    for (let low = 0x40; low <= 0xfe; low++)
      if (low !== 0x7f) codes.set(decoder.decode(Uint8Array.of(high, low)), [high, low]);
  return Uint8Array.from(
    [...text].flatMap((character) =>
      character.charCodeAt(0) < 0x80 ? [character.charCodeAt(0)] : codes.get(character)!,
    ),
  );
}

test("a table of five rows: every part of the course does with what there is", async () => {
  const cwd = join(folder, "five");
  mkdirSync(cwd);
  writeFileSync(
    join(cwd, "cities.csv"),
    ",x,y\nQuito,0,51\nRome,0.46,279\nParis,0.58,374\nOslo,0.7,500\nTromsø,0.84,722\n",
  );
  const outcome = await quern(["train", "cities.csv", "--target", "y", "--trials", "6", "--json"], { cwd });
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(outcome.json()).toMatchObject({ task: "regression", parity: { rows: 5 } });
});

describe("Chinese data", () => {
  const CITIES = ["北京", "上海", "广州", "成都"];
  const line = (i: number): string =>
    `${20 + ((i * 7) % 45)},${CITIES[i % 4]},${(i * 37) % 1000},2024年${1 + (i % 12)}月${1 + (i % 28)}日,${(i * 7) % 45 > 25 !== (i % 11 === 0) ? "流失" : "留存"}`;
  const csv = `年龄,城市,消费金额,注册日期,客户状态\n${Array.from({ length: 300 }, (_, i) => line(i)).join("\n")}\n`;

  test("GB18030 in a Chinese folder: trained, predicted, reported in Chinese", async () => {
    const cwd = join(folder, "客户流失");
    mkdirSync(cwd);
    writeFileSync(join(cwd, "客户.csv"), gb18030(csv));
    const outcome = await quern(
      [
        "train",
        "客户.csv",
        "--target",
        "客户状态",
        "--positive",
        "流失",
        "--models",
        "gbdt",
        "--language",
        "zh",
        "--json",
      ],
      { cwd },
    );
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = outcome.json();
    expect(result).toMatchObject({ model: "客户状态", task: "binary" });
    expect(result.metrics.auc).toBeGreaterThan(0.8);
    const report = readFileSync(result.report, "utf8");
    expect(report).toMatch(/<html lang="zh/);
    expect(report).toContain("年龄");

    const predicted = await quern(["predict", "客户状态", "客户.csv", "--out", "预测.csv"], { cwd });
    expect(predicted.code, predicted.stderr).toBe(0);
    const [header, ...rows] = cellsOf(readFileSync(join(cwd, "预测.csv"), "utf8").replace(/^\ufeff/, ""));
    expect(header).toEqual(["prediction", "probability_留存", "probability_流失"]);
    expect(rows).toHaveLength(300);

    writeFileSync(join(cwd, "utf8.csv"), csv);
    const again = await quern(["predict", "客户状态", "utf8.csv", "--out", "utf8-out.csv"], { cwd });
    expect(again.code).toBe(0);
    expect(readFileSync(join(cwd, "utf8-out.csv"))).toEqual(readFileSync(join(cwd, "预测.csv")));
  });
});

/** Nothing in the page runs, and nothing is fetched. */
function expectSelfContained(html: string): void {
  expect(html).toMatch(/^<!doctype html>/i);
  expect(html).not.toMatch(/<script|<iframe|<link|@import|javascript:/i);
  expect(html).not.toMatch(/\s(src|srcset|href|xlink:href|action|poster)\s*=\s*["']?\s*(https?:)?\/\//i);
  expect(html).not.toMatch(/url\(\s*["']?\s*(https?:)?\/\//i);
}

describe("the example projects", () => {
  test("churn: goal met, slices and gain reported, page self-contained", async () => {
    const store = join(folder, "churn");
    const outcome = await quern(
      ["train", "--models", "gbdt,logistic-regression", "--store", store, "--json"],
      {
        cwd: join(EXAMPLES, "churn"),
      },
    );
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = outcome.json();
    expect(result).toMatchObject({ model: "churn", task: "binary" });
    expect(result.goals).toEqual([expect.objectContaining({ name: "auc", met: true })]);
    const html = readFileSync(result.report, "utf8");
    expectSelfContained(html);
    expect(html).toContain("Month-to-month");
  });

  test("penguins: several trainers, three classes, page self-contained in Chinese", async () => {
    const store = join(folder, "penguins");
    const models = ["logistic-regression", "extra-trees", "nearest-neighbours", "gaussian-naive-bayes"];
    const outcome = await quern(
      ["train", "--models", models.join(), "--language", "zh", "--store", store, "--json"],
      { cwd: join(EXAMPLES, "penguins") },
    );
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = outcome.json();
    expect(result).toMatchObject({ model: "penguins", task: "multiclass" });
    expect(result.metrics.accuracy).toBeGreaterThan(0.9);
    expect(result.leaderboard.map(({ trainer }: { trainer: string }) => trainer).sort()).toEqual(
      models.sort(),
    );
    expect(result.leaderboard.filter((row: { error?: string }) => row.error)).toEqual([]);
    expectSelfContained(readFileSync(result.report, "utf8"));
  });
});

describe("project files", () => {
  test("init writes one that train takes as it is", async () => {
    const cwd = join(folder, "from-init");
    mkdirSync(cwd);
    const init = await quern(["init", PENGUINS, "--target", "species", "--name", "birds", "--json"], { cwd });
    expect(init.code, init.stderr).toBe(0);
    expect(readFileSync(join(cwd, "quern.yaml"), "utf8")).toBe(init.json().text);
    const again = await quern(["init", PENGUINS, "--json"], { cwd });
    expect(again.code).toBe(2);
    expect(again.json().error.hint).toContain("--force");
    const trained = await quern(["train", "--models", "logistic-regression", "--json"], { cwd });
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.json().model).toBe("birds");
  });

  test("a goal that is not met ends with 3, with the whole result printed", async () => {
    const cwd = join(folder, "goal");
    mkdirSync(cwd);
    writeFileSync(
      join(cwd, "quern.yaml"),
      `task: { target: species, goals: { accuracy: "> 1", log-loss: "<= 5" } }\ndata: { source: ${PENGUINS} }\nmodels: [logistic-regression]\n`,
    );
    const outcome = await quern(["train", "--json"], { cwd });
    expect(outcome.code, outcome.stderr).toBe(3);
    expect(outcome.json().goals.map(({ name, met }: { name: string; met: boolean }) => [name, met])).toEqual([
      ["accuracy", false],
      ["log-loss", true],
    ]);
    const shown = await quern(["train"], { cwd });
    expect(shown.code).toBe(3);
    expect(shown.stdout).toContain("goal accuracy > 1: NOT met");
  });
});
