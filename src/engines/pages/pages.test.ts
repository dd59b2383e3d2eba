import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barChart } from "./charts/bar.js";
import { confusionChart } from "./charts/confusion.js";
import { badge, code, collapsible, facts, shareBar, table, tiles } from "./components.js";
import { figure } from "./figure.js";
import {
  formatBytes,
  formatCount,
  formatFixed,
  formatNumber,
  formatPercent,
  formatSeconds,
} from "./format.js";
import { escapeHtml, html, shorten } from "./html.js";
import { page } from "./page.js";
import { defineTexts } from "./texts.js";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\`\u0000\u202e&amp;`;

describe("html", () => {
  it("escapes whatever is not markup", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"'`\0]/);
        expect(html`<p title="${text}">${[text, html`<b>${text}</b>`]}</p>`.markup).toMatch(
          /^<p title="[^<>"]*">[^<>]*<b>[^<>]*<\/b><\/p>$/,
        );
      }),
    );
  });

  it("drops nothing-values and keeps zero", () => {
    expect(html`${null}${undefined}${false}${0}${""}`.markup).toBe("0");
  });

  it("shortens by code points", () => {
    expect(shorten("😀".repeat(50), 10)).toBe("😀".repeat(9) + "…");
    expect(shorten("short")).toBe("short");
    expect(shorten("a\nb\tc")).toBe("a b c");
    expect(Array.from(shorten("x".repeat(100_000), 20)).length).toBe(20);
  });
});

describe("page", () => {
  const parts = () =>
    html`${tiles([{ name: HOSTILE, value: HOSTILE, detail: HOSTILE }])}
${table([HOSTILE], [{ name: HOSTILE, cell: (row) => row, heading: true }], { caption: HOSTILE })}
${facts([[HOSTILE, HOSTILE]])}${badge(HOSTILE, "warn")}${collapsible(HOSTILE, code(HOSTILE))}${shareBar(Number.NaN)}
${figure(barChart({ items: [{ label: HOSTILE, value: 1, low: 0, high: 2 }], name: HOSTILE }), { id: "a" }, { title: HOSTILE })}
${figure(
  confusionChart({
    names: { x: HOSTILE, y: HOSTILE },
    classes: [HOSTILE, "b"],
    counts: [
      [1, 2],
      [3, 4],
    ],
  }),
  { id: "b" },
  { title: HOSTILE, note: HOSTILE },
)}`;
  const render = () =>
    page({ language: "en", title: HOSTILE, sections: [{ id: "s", title: HOSTILE, body: parts() }] });

  it("names the values of tables with sentences, which stack on a phone, and folds the contents there", () => {
    const cell = (text: string) => text;
    const columns = [
      { name: "Column", cell, heading: true },
      { name: "Finding", cell, prose: true },
    ];
    expect(table(["a"], columns).markup).toMatch(
      /<table class="stacks">.*<td class="text" data-name="Finding">a</,
    );
    expect(table(["a"], columns.slice(0, 1)).markup).not.toContain("data-name");
    const sections = ["s", "t", "u", "v"].map((id) => ({ id, title: id, body: html`` }));
    const text = page({ language: "zh", title: "", sections });
    expect(text).toMatch(/<details class="contents"><summary>目录<\/summary><ol><li><a href="#s">/);
  });

  it("keeps hostile text inert and the bytes equal", () => {
    const text = render();
    expect(render()).toBe(text);
    const tags = text.match(/<[a-z][^>]*>/gi) ?? [];
    expect(tags.some((tag) => /^<(script|img|iframe|object|form|link|base)/i.test(tag))).toBe(false);
    expect(tags.some((tag) => /\son\w+\s*=\s*(?![^"]*&)/i.test(tag.replace(/"[^"]*"/g, '""')))).toBe(false);
    expect(text).not.toContain("<script");
    expect(text).toContain("Content-Security-Policy");
    expect(text).not.toMatch(/(?:src|href)="(?!#)/);
  });
});

describe("texts and figures", () => {
  it("speaks both languages", () => {
    const texts = defineTexts(
      { rows: (count: number) => `${count} rows`, yes: "yes" },
      { rows: (count) => `${count} 行`, yes: "是" },
    );
    expect(texts("en").rows(3) + texts("zh").rows(3) + texts("zh").yes).toBe("3 rows3 行是");
    // @ts-expect-error a missing translation does not compile
    defineTexts({ a: "a", b: "b" }, { a: "甲" });
  });

  it("lets intervals break on paper, where no table can scroll", () => {
    const text = page({ language: "en", title: "t", subtitle: html``, sections: [] });
    expect(text).toMatch(/@media print\{.*td\.number\{white-space:normal\}/s);
  });

  it("writes numbers for people", () => {
    expect([formatCount(48842), formatNumber(0.123456), formatNumber(123456.7), formatNumber(1e-7)]).toEqual([
      "48,842",
      "0.1235",
      "123,457",
      "1e-7",
    ]);
    expect([formatFixed(-0.00001), formatFixed(-1.5, 1), formatPercent(-0.00001)]).toEqual([
      "0.0000",
      "\u22121.5",
      "0.0%",
    ]);
    expect([formatPercent(0.1234), formatNumber(Number.NaN), formatNumber(-2.5)]).toEqual([
      "12.3%",
      "–",
      "\u22122.5",
    ]);
    expect([formatBytes(1234567), formatSeconds(0.0123), formatSeconds(75), formatSeconds(600)]).toEqual([
      "1.23 MB",
      "12.3 ms",
      "75 s",
      "10 min 0 s",
    ]);
  });
});
