import { describe, expect, it } from "vitest";
import { cutTo, displayWidth, pad, wrap } from "../../../../foundation/base/terminal-text.js";
import type { Profile } from "../../../../foundation/contracts/profile.js";
import { chineseMessage, TRANSLATED_FINDINGS } from "../../findings/chinese-messages.js";
import { FINDERS } from "../../findings/finders/index.js";
import { profilePage } from "./profile-page.js";
import { profileText } from "./profile-text.js";

const column = { reason: "test", missing: 0, missingShare: 0, uniqueExact: true, count: 10 } as const;
const profile: Profile = {
  formatVersion: 1,
  rows: 10,
  columns: [
    {
      ...column,
      name: "价格（元）",
      kind: "number",
      unique: 9,
      association: 0.25,
      number: {
        min: 1,
        max: 9,
        mean: 4,
        standardDeviation: 2,
        skewness: null,
        zeros: 0,
        negative: 0,
        quantiles: { p01: 1, p05: 1, p25: 2, p50: 4, p75: 6, p95: 9, p99: 9 },
        quantilesExact: true,
        histogram: { edges: [1, 3, 5, 7, 9], counts: [1, 4, 3, 2] },
      },
    },
    {
      ...column,
      name: '<script>alert("x")</script>\n\u001b[31m',
      kind: "category",
      unique: 2,
      top: [
        { value: "北京\u202e", count: 6 },
        { value: "a`b", count: 4 },
      ],
    },
    {
      ...column,
      name: "😀",
      kind: "datetime",
      unique: 3,
      uniqueExact: false,
      datetime: {
        min: 0,
        max: 86_400_000,
        histogram: { edges: [0, 43_200_000, 86_400_000], counts: [4, 6] },
      },
    },
  ],
  duplicates: { rows: 2, share: 0.2, twins: 4, exact: true },
  target: { name: "y", task: "binary", missing: 0, classes: [{ label: "<b>", count: 10, share: 1 }] },
  correlations: [{ first: "价格（元）", second: "😀", measure: "spearman", value: -0.5 }],
  sampleRows: 10,
  correlationRows: 10,
  findings: [
    {
      id: "outliers",
      severity: "warning",
      column: "价格（元）",
      message: `A long message. ${"Words and words. ".repeat(12)}`,
      evidence: { rows: 3 },
      fix: { state: "proposed", action: "Look." },
    },
  ],
};

describe("terminal view", () => {
  it("measures and cuts by columns, not characters", () => {
    expect(displayWidth("价格a")).toBe(5);
    expect(displayWidth("e\u0301😀")).toBe(3);
    expect(cutTo("价格价格", 5)).toBe("价格…");
    expect(pad("价格", 6)).toBe("价格  ");
    expect(pad("ab", 4, "right")).toBe("  ab");
    expect(wrap("北京上海广州 ab", 6)).toEqual(["北京", "上海", "广州", "ab"]);
  });

  it("keeps to the width, aligns, and lets no value steer the terminal", () => {
    for (const width of [60, 80, 132]) {
      const lines = profileText(profile, { width }).split("\n");
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      const starts = lines
        .slice(3, 7)
        .map((line) => displayWidth(line.slice(0, line.search(/kind|number|category|datetime/))));
      expect(new Set(starts).size).toBe(1);
    }
    const text = profileText(profile);
    for (const character of ["\u001b", "\u202e"]) expect(text).not.toContain(character);
    expect(text).toContain("▃█▇▅");
  });
});

describe("page", () => {
  it("is one document that holds every part and lets nothing through as markup", () => {
    for (const language of ["en", "zh"] as const) {
      const page = profilePage(profile, language, "<data>.csv");
      expect(page).toBe(profilePage(profile, language, "<data>.csv"));
      expect(page).not.toMatch(/<script|<b>|\u202e|https?:\/\/(?!www\.w3\.org)/);
      expect(page).toContain("价格（元）");
      expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(3);
    }
    expect(profilePage(profile, "zh")).toContain("远离其他所有值");
  });

  it("says every finding of every finder in Chinese", () => {
    for (const { id } of FINDERS) {
      const several: Readonly<Record<string, string>> = {
        "class-balance": "rare-classes",
        "target-values": "skewed-target",
        "near-duplicates": "near-duplicate-conflicts",
      };
      expect(TRANSLATED_FINDINGS).toContain(several[id] ?? id);
    }
    const own = { ...profile.findings[0]!, id: "of-my-own" };
    expect(chineseMessage(own)).toEqual({ message: own.message, action: "Look." });
  });
});
