import { describe, expect, test } from "vitest";
import { parseProject } from "./project-file.js";

const failure = (text: string): string => {
  try {
    parseProject(text, "quern.yaml");
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

describe("project file", () => {
  test("the design's example is accepted and defaults are filled in", () => {
    const { project } = parseProject(
      `name: churn
task: { type: binary, target: churned, positive: "yes", metric: auc, goals: { auc: ">= 0.84", latencyP99Ms: "<= 10" } }
data: { source: data/customers.csv, id: customer_id, time: signup_date, group: household }
split: { kind: stratified, train: 0.8, validation: 0.1, test: 0.1 }
models: auto
tuning: { trials: 40 }
evaluation: { slices: [region, age_band], baseline: true }
`,
      "quern.yaml",
    );
    expect(project.task.positive).toBe("yes");
    expect(project.seed).toBe(0);
    expect(project.evaluation.resamples).toBe(500);
  });

  test("an empty file is a valid project", () => {
    expect(parseProject("", "quern.yaml").project.models).toBe("auto");
  });

  test("an unknown key names the nearest one with line and column", () => {
    expect(failure("name: a\ntask:\n  taget: y\n")).toBe(
      "quern.yaml:3:3: unknown key `task.taget`; did you mean `target`?",
    );
    expect(failure("modles: auto\n")).toContain("did you mean `models`?");
  });

  test("a wrong value is placed", () => {
    expect(failure("seed: -1\n")).toMatch(/^quern\.yaml:1:1: `seed`: /);
    expect(failure("split: { kind: stratified, train: 3 }\n")).toMatch(/`split\.train`/);
    expect(failure("task:\n  goals:\n    auc: high\n")).toMatch(
      /^quern\.yaml:3:5: `task\.goals\.auc`: write a goal/,
    );
  });

  test("requirement 7: hostile YAML fails cleanly", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
      .split("")
      .map((letter, i) => `${letter}: &${letter} [${Array(9).fill(`*${"abcdefghi"[i]}`).join(",")}]`)
      .join("\n")}`;
    expect(failure(bomb)).toMatch(/alias|unknown key/i);
    expect(failure("name: !!js/function 'x'")).not.toBe("accepted");
    expect(failure(`name: ${"[".repeat(200)}`)).not.toBe("accepted");
    expect(failure("__proto__: { polluted: true }")).toMatch(/unknown key/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(failure("name: a\nname: b")).toMatch(/quern\.yaml:2:1/);
  });
});
