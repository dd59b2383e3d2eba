import { describe, expect, it } from "vitest";
import {
  type MadeCell as Cell,
  type MadeTable,
  measureMade,
} from "../../../../conformance/finder-samples.js";
import { createRandom, type Random } from "../../../foundation/base/random.js";
import type { ColumnRoles, FinderInput } from "../../../foundation/contracts/finder.js";
import type { Finding } from "../../../foundation/contracts/finding.js";
import { profileSchema } from "../../../foundation/contracts/profile.js";
import type { Split } from "../../../foundation/contracts/split.js";
import type { TaskType } from "../../../foundation/contracts/target.js";
import { cleanTrainingRows } from "./clean-training-rows.js";
import { findProblems } from "./find-problems.js";

async function inspect(
  columns: MadeTable,
  target?: { name: string; task: TaskType },
  roles: ColumnRoles = {},
): Promise<FinderInput> {
  const input = await measureMade(columns, { ...(target && { target }), roles });
  profileSchema.parse({ ...input.profile, findings: findProblems(input) });
  return input;
}
const ids = (findings: readonly Finding[]): string[] =>
  findings.map(({ id, column }) => (column ? `${id} ${column}` : id));
const found = async (...args: Parameters<typeof inspect>): Promise<string[]> =>
  ids(findProblems(await inspect(...args)));

const number = (cells: readonly Cell[]) => ({ kind: "number" as const, cells });
const category = (cells: readonly Cell[]) => ({ kind: "category" as const, cells });
const times = (cells: readonly (number | undefined)[]) => ({
  kind: "datetime" as const,
  cells: cells.map((cell) => (cell === undefined ? undefined : new Date(cell).toISOString())),
});
const DAY_MS = 86_400_000;

/** Honest data: features of every kind, a target that depends on some of them with noise. */
function honest(seed: number, rows: number, random: Random = createRandom(`honest ${seed}`)): MadeTable {
  const draw = <T>(make: () => T): T[] => Array.from({ length: rows }, make);
  const first = draw(() => random.normal());
  const second = draw(() => Math.exp(random.normal()));
  const place = draw(() => random.integer(2 + (seed % 12)));
  const pull = draw(() => random.normal());
  const effects = Array.from({ length: 14 }, () => random.normal());
  const signal = first.map(
    (x, i) => x + 0.5 * Math.log(second[i]!) + effects[place[i]!]! + (0.6 + (seed % 5)) * pull[i]!,
  );
  return {
    first: number(first),
    second: number(second.map((x) => (random.uniform() < 0.1 ? undefined : Number(x.toFixed(2))))),
    count: number(draw(() => random.integer(5))),
    place: category(place.map((code) => `place ${code}`)),
    flag: { kind: "boolean", cells: draw(() => (random.uniform() < 0.3 ? "true" : "false")) },
    seen: times(draw(() => Date.UTC(2024, 0, 1) + random.integer(365) * DAY_MS)),
    note: { kind: "text", cells: draw(() => `note ${random.integer(1e9)} of a longer kind`) },
    score: number(signal),
    churn: category(signal.map((x) => (x > 0.8 ? "yes" : "no"))),
    grade: category(signal.map((x) => (x > 1 ? "high" : x > -0.5 ? "middle" : "low"))),
  };
}
const without = (columns: MadeTable, ...names: string[]): MadeTable =>
  Object.fromEntries(Object.entries(columns).filter(([name]) => !names.includes(name)));
const binary = { name: "churn", task: "binary" as const };
const regression = { name: "score", task: "regression" as const };
const forBinary = (seed: number, rows = 600): MadeTable => without(honest(seed, rows), "score", "grade");
const forRegression = (seed: number, rows = 600): MadeTable => without(honest(seed, rows), "churn", "grade");
const splitAt = (train: number[], test: number[]): Split[] => [
  {
    name: "split",
    train: Int32Array.from(train),
    validation: new Int32Array(0),
    test: Int32Array.from(test),
  },
];

describe("planted leaks", () => {
  const data = forBinary(3);
  const labels = data.churn!.cells as string[];
  const random = createRandom(99);

  it("finds a renamed copy of a class target, also with noise", async () => {
    const renamed = category(labels.map((label) => (label === "yes" ? "B" : "A")));
    expect(await found({ ...data, renamed }, binary)).toContain("target-leak renamed");
    const noisy = category(
      labels.map((label) => ((label === "yes") !== random.uniform() < 0.02 ? "B" : "A")),
    );
    expect(await found({ ...data, noisy }, binary)).toContain("target-leak noisy");
    const finer = category(labels.map((label) => `${label === "yes" ? "x" : "y"}${random.integer(4)}`));
    expect(await found({ ...data, finer }, binary)).toContain("target-leak finer");
  });

  it("finds a number that is set only for one class", async () => {
    const refund = number(labels.map((label) => (label === "yes" ? 10 + random.integer(90) : 0)));
    expect(await found({ ...data, refund }, binary)).toContain("target-leak refund");
  });

  it("finds a copy of a class target with three classes", async () => {
    const three = without(honest(4, 600), "score", "churn");
    const code = number(
      (three.grade!.cells as string[]).map((label) => ["low", "middle", "high"].indexOf(label)),
    );
    expect(await found({ ...three, code }, { name: "grade", task: "multiclass" })).toContain(
      "target-leak code",
    );
  });

  it("finds copies and monotone transforms of a number, also with noise", async () => {
    const numbers = forRegression(5);
    const score = numbers.score!.cells as number[];
    const planted: Record<string, (x: number) => number> = {
      copy: (x) => x,
      scaled: (x) => 3 - 7 * x,
      exponential: (x) => Math.exp(x),
      noisy: (x) => x + 0.1 * random.normal(),
      rounded: (x) => Math.round(x * 10) / 10,
    };
    for (const [name, make] of Object.entries(planted)) {
      const findings = findProblems(
        await inspect({ ...numbers, [name]: number(score.map(make)) }, regression),
      );
      expect(ids(findings)).toContain(`target-leak ${name}`);
    }
    const [copy] = findProblems(await inspect({ ...numbers, copy: number(score) }, regression));
    expect(copy).toMatchObject({ severity: "critical", evidence: { form: "copy" } });
  });

  it("finds a time that is written only when the outcome happens", async () => {
    const closed = times(
      labels.map((label) => (label === "yes" ? Date.UTC(2025, 0, random.integer(300)) : undefined)),
    );
    expect(await found({ ...data, closed }, binary)).toContain("post-outcome-time closed");
    const later = times(
      (data.seen!.cells as string[]).map((seen) => Date.parse(seen) + DAY_MS * (1 + random.integer(30))),
    );
    expect(await found({ ...data, later }, binary, { time: "seen" })).toContain("post-outcome-time later");
  });

  it("finds gaps that give the target away", async () => {
    const reason = number(labels.map((label) => (label === "yes" ? random.normal() : undefined)));
    const findings = findProblems(await inspect({ ...data, reason }, binary));
    expect(ids(findings)).toContain("missing-predicts-target reason");
    expect(findings.find(({ id }) => id === "missing-predicts-target")!.severity).toBe("critical");
  });

  it("finds groups, times and rows on both sides of a split", async () => {
    const rows = labels.length;
    const customer = { kind: "id" as const, cells: labels.map((_, i) => `c${i % 150}`) };
    const input = await inspect({ ...data, customer }, binary, { group: "customer", time: "seen" });
    const even = Array.from({ length: rows / 2 }, (_, i) => 2 * i);
    const odd = even.map((row) => row + 1);
    const crossing = ids(findProblems({ ...input, splits: splitAt(even, odd) }));
    expect(crossing).toContain("time-leak seen");
    const first = labels.map((_, i) => i).filter((i) => i % 150 < 100);
    const rest = labels.map((_, i) => i).filter((i) => i % 150 >= 100);
    expect(ids(findProblems({ ...input, splits: splitAt(first, rest) }))).not.toContain(
      "group-leak customer",
    );
    const halves = splitAt(even.slice(0, 200), [...odd, even[0]!]);
    const overlapping = findProblems({ ...input, splits: halves });
    expect(ids(overlapping)).toContain("split-overlap");
    const front = Array.from({ length: 300 }, (_, i) => i);
    expect(
      ids(
        findProblems({
          ...input,
          splits: splitAt(
            front,
            front.map((row) => row + 300),
          ),
        }),
      ),
    ).toContain("group-leak customer");
  });

  it("finds equal rows on both sides of a split, and a shift between them", async () => {
    const doubled = Object.fromEntries(
      Object.entries(data).map(([name, { kind, cells }]) => [name, { kind, cells: [...cells, ...cells] }]),
    );
    const input = await inspect(doubled, binary);
    const halves = splitAt(
      Array.from({ length: 600 }, (_, i) => i),
      Array.from({ length: 600 }, (_, i) => i + 600),
    );
    const findings = findProblems({ ...input, splits: halves });
    expect(findings.find(({ id }) => id === "split-duplicates")!.severity).toBe("critical");
    expect(ids(findings)).toContain("duplicate-rows");

    const plain = await inspect(data, binary);
    const order = labels
      .map((_, i) => i)
      .sort((a, b) => (data.first!.cells[a] as number) - (data.first!.cells[b] as number));
    const sorted = {
      ...plain,
      splits: splitAt(
        order.slice(0, 400).sort((a, b) => a - b),
        order.slice(400).sort((a, b) => a - b),
      ),
    };
    expect(ids(findProblems(sorted))).toContain("split-shift first");
  });

  it("suggests a group where rows of one value resemble each other", async () => {
    const random2 = createRandom(7);
    const kind = Array.from({ length: 150 }, () => (random2.uniform() < 0.5 ? "yes" : "no"));
    const base = without(data, "churn");
    const columns: MadeTable = {
      ...base,
      customer: { kind: "id", cells: labels.map((_, i) => `c${i % 150}`) },
      churn: category(labels.map((_, i) => kind[i % 150]!)),
    };
    expect(await found(columns, binary)).toContain("possible-group customer");
  });
});

describe("unusable columns and values", () => {
  const data = forBinary(8);
  const rows = data.first!.cells.length;
  const all = <T>(make: (i: number) => T): T[] => Array.from({ length: rows }, (_, i) => make(i));
  const random = createRandom(1);

  it("names each of them", async () => {
    const findings = await found(
      {
        ...data,
        same: number(all(() => 7)),
        almost: category(all((i) => (i === 5 ? "b" : "a"))),
        counter: number(all((i) => i + 1000)),
        empty: number(all(() => undefined)),
        sparse: number(all((i) => (i % 4 === 0 ? i % 7 : undefined))),
        extreme: number(all((i) => (i === 9 ? 900 : random.normal()))),
        coded: number(all((i) => (i % 50 === 0 ? -999 : random.uniform() * 20))),
        mixed: category(all((i) => (i % 9 === 0 ? "unknown amount" : String(random.integer(500))))),
        day: category(all(() => `${1 + random.integer(28)}.${1 + random.integer(12)}.2024`)),
        second2: number(data.first!.cells.map((x) => 2 * (x as number))),
        many: category(all(() => `m${random.integer(150)}`)),
      },
      binary,
    );
    expect(findings).toEqual(
      expect.arrayContaining([
        "constant-column same",
        "near-constant-column almost",
        "id-like-column counter",
        "empty-column empty",
        "high-missingness sparse",
        "outliers extreme",
        "placeholder-value coded",
        "mixed-types mixed",
        "date-as-text day",
        "redundant-column second2",
        "high-cardinality many",
      ]),
    );
    expect(findings.filter((id) => id.startsWith("target-leak"))).toEqual([]);
  });

  it("does not take sentences of scripts without spaces for names of rows", async () => {
    const findings = await found(
      {
        ...data,
        code: { kind: "text", cells: all((i) => `x${(i * 7919) % 100003}q`) },
        name: { kind: "text", cells: all((i) => `王${String.fromCharCode(0x4e00 + i)}`) },
        review: { kind: "text", cells: all((i) => `这家店的面条非常好吃${String.fromCharCode(0x4e00 + i)}`) },
      },
      binary,
    );
    expect(findings.filter((id) => /^id-like-column (code|name|review)/.test(id))).toEqual([
      "id-like-column code",
      "id-like-column name",
    ]);
  });

  it("names columns without a value that were left out", async () => {
    const nothing = { kind: "ignore" as const, cells: all(() => undefined) };
    const [one] = findProblems(await inspect({ ...data, nothing }, binary)).filter(
      ({ id }) => id === "empty-column",
    );
    expect(one).toMatchObject({ column: "nothing", severity: "info", fix: { state: "applied" } });
    const five = Object.fromEntries([1, 2, 3, 4, 5].map((k) => [`nothing${k}`, nothing]));
    expect(await found({ ...data, ...five }, binary)).toContain("empty-column");
  });

  it("finds values and classes that differ only in how they are written", async () => {
    const colour = category(all((i) => ["Red", "red", "ＲＥＤ", "dark  blue", "Dark blue", "green"][i % 6]!));
    const churn = category(
      all((i) => (data.churn!.cells[i] === "yes" ? (i % 2 ? "Left" : "LEFT") : "stayed")),
    );
    const findings = findProblems(
      await inspect({ ...data, colour, churn }, { name: "churn", task: "multiclass" }),
    ).filter(({ id }) => id === "spelling-variants");
    expect(ids(findings)).toEqual(["spelling-variants churn", "spelling-variants colour"]);
    expect(findings[0]).toMatchObject({
      severity: "warning",
      evidence: { groups: 1, distinct: 3, joined: 2 },
    });
    expect(findings[1]).toMatchObject({ severity: "info", evidence: { groups: 2, distinct: 6, joined: 3 } });
    expect(findings[0]!.message).toContain('"LEFT" = "Left"');
  });

  it("finds objects and lists within cells that were read as text", async () => {
    const meta = category(
      all((i) => (i % 9 === 0 ? undefined : JSON.stringify({ age: i % 4, tags: ["a"] }))),
    );
    const tags = { kind: "text" as const, cells: all((i) => JSON.stringify([`t${i}`, "b"])) };
    const braces = category(all((i) => ["{x}", "[y]", "{not json", "plain"][i % 4]!));
    const findings = findProblems(await inspect({ ...data, meta, tags, braces }, binary)).filter(
      ({ id }) => id === "nested-values",
    );
    expect(ids(findings)).toEqual(["nested-values meta", "nested-values tags"]);
    expect(findings[0]!.fix.action).toContain('"meta.age", "meta.tags"');
    // The truth of a structured task is meant to be JSON.
    const truths = ["meta", "tags"];
    const structured = findProblems({ ...(await inspect({ ...data, meta, tags }, binary)), truths });
    expect(structured.filter(({ column }) => truths.includes(column ?? ""))).toEqual([]);
  });

  it("passes on cells that could not be read", async () => {
    const input = await inspect(data, binary);
    const unreadable = [
      { column: "first", kind: "number" as const, rows: 7, examples: [{ row: 4, value: "twelve" }] },
    ];
    const [finding] = findProblems({ ...input, unreadable });
    expect(finding).toMatchObject({ id: "unreadable-cells", severity: "warning", fix: { state: "applied" } });
    expect(finding!.message).toContain('"twelve" in row 5');
  });

  it("judges the target: missing, rare, imbalanced, skewed, contradicted", async () => {
    const labels = all((i) => (i < 3 ? "rare" : i < 20 ? undefined : i % 30 === 0 ? "some" : "most"));
    const findings = await found(
      { ...without(data, "churn"), churn: category(labels) },
      { name: "churn", task: "multiclass" },
    );
    expect(findings).toContain("missing-target churn");
    expect(findings).toContain("rare-classes churn");
    const few = await found(
      { ...without(data, "churn"), churn: category(all((i) => (i % 30 === 0 ? "yes" : "no"))) },
      binary,
    );
    expect(few).toContain("class-imbalance churn");
    const long = {
      first: data.first!,
      second: data.second!,
      score: number(all(() => Math.exp(2 * random.normal()))),
    };
    expect(await found(long, regression)).toContain("skewed-target score");
    const twice = Object.fromEntries(
      Object.entries(without(data, "churn")).map(([name, { kind, cells }]) => [
        name,
        { kind, cells: [...cells.slice(0, 300), ...cells.slice(0, 300)] },
      ]),
    );
    const contradicting = { ...twice, churn: category(all((i) => (i < 300 ? "yes" : "no"))) };
    expect(await found(contradicting, binary)).toContain("conflicting-labels");
  });
});

describe("honest data", () => {
  it("raises no warning in 54 seeded tables, with a hashed split of each", { timeout: 120_000 }, async () => {
    const alarms: string[] = [];
    for (let seed = 0; seed < 54; seed++) {
      const size = 80 + 37 * (seed % 20);
      const kind = seed % 3;
      const [columns, target] =
        kind === 0
          ? ([forBinary(seed, size), binary] as const)
          : kind === 1
            ? ([forRegression(seed, size), regression] as const)
            : ([
                without(honest(seed, size), "score", "churn"),
                { name: "grade", task: "multiclass" as const },
              ] as const);
      const input = await inspect(columns, target);
      const shuffled = createRandom(seed).permutation(size);
      const cut = Math.floor(0.8 * size);
      const splits = splitAt(
        [...shuffled.slice(0, cut)].sort((a, b) => a - b),
        [...shuffled.slice(cut)].sort((a, b) => a - b),
      );
      for (const finding of findProblems({ ...input, splits })) {
        if (finding.severity !== "info" && finding.id !== "rare-classes")
          alarms.push(`${seed}: ${finding.id} ${finding.column}`);
      }
    }
    expect(alarms).toEqual([]);
  });
});

describe("awkward shapes", () => {
  it("survives zero rows, one row, nothing but gaps, one class, a class a row", async () => {
    const shape = (rows: number, label: (i: number) => Cell): MadeTable => ({
      a: number(Array.from({ length: rows }, (_, i) => i)),
      b: category(Array.from({ length: rows }, () => undefined)),
      churn: category(Array.from({ length: rows }, (_, i) => label(i))),
    });
    await inspect(
      shape(1, () => "yes"),
      binary,
    );
    await inspect(
      shape(2, () => undefined),
      binary,
    );
    await inspect(
      shape(50, () => "yes"),
      binary,
    );
    await inspect(
      shape(50, (i) => `class ${i}`),
      { name: "churn", task: "multiclass" },
    );
    await inspect(shape(40, () => undefined));
  });

  it("survives names that are code, quotes, line ends, emoji", async () => {
    const names = [
      "__proto__",
      "constructor",
      'a"b',
      "line\nend",
      "😀",
      "'; DROP TABLE data; --",
      "value",
      "occurrences",
      "n",
      "Value2",
    ];
    const random = createRandom(4);
    const entries = names.map(
      (name) => [name, number(Array.from({ length: 60 }, () => random.normal()))] as const,
    );
    const columns = Object.fromEntries([
      ...entries,
      ["churn", category(Array.from({ length: 60 }, (_, i) => (i % 2 ? "😀" : "no\n")))],
    ]);
    Object.defineProperty(columns, "__proto__", { value: entries[0]![1], enumerable: true });
    const input = await inspect(columns, binary);
    expect(input.profile.columns.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe("cleanTrainingRows", () => {
  it("drops repeats and contradictions from the given rows only", async () => {
    const random = createRandom(2);
    const base = Array.from({ length: 100 }, () => random.normal());
    const first = [...base, ...base.slice(0, 10), ...base.slice(10, 15)];
    const labels = first.map((_, i) => (i >= 110 ? "other" : "same"));
    const input = await inspect({ first: number(first), churn: category(labels) }, binary);
    const features = { rows: first.length, columns: new Map([["first", input.frame.columns.get("first")!]]) };
    const rows = Int32Array.from({ length: 115 }, (_, i) => i);
    const target = input.target!.values;
    const clean = (config: object) =>
      cleanTrainingRows({
        frame: features,
        target,
        rows,
        config: { duplicates: false, conflicts: false, outliers: false, ...config },
      });
    expect(clean({}).rows).toEqual(rows);
    expect(clean({ duplicates: true }).rows.length).toBe(105);
    expect(clean({ conflicts: true }).rows.length).toBe(105);
    const both = clean({ duplicates: true, conflicts: true });
    expect(both.rows.length).toBe(95);
    expect(ids(both.findings)).toEqual(["conflicts-removed", "duplicates-removed"]);
    expect(both.findings.every(({ fix }) => fix.state === "applied")).toBe(true);
  });
});
