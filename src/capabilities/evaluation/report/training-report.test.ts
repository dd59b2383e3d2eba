import { describe, expect, it } from "vitest";
import { sampleReportInput } from "../../../../test/fixtures/report-input.js";
import { sampleStudy } from "../../../../test/fixtures/trust-input.js";
import type { ReportInput } from "../../../foundation/contracts/evaluation.js";
import { trainingReport } from "./training-report.js";

const TASKS = ["binary", "multiclass", "regression"] as const;

/** Ways into a page that have worked somewhere: tags, attributes, protocols, CSS, SVG, templates, encodings. */
const FORMS = [
  "<script>MARK</script>",
  "<SCRIPT SRC=//x/MARK></SCRIPT>",
  "<img src=x onerror=MARK>",
  '"><svg/onload=MARK>',
  "'><iframe srcdoc='<script>MARK</script>'>",
  "</title><script>MARK</script>",
  "</style><script>MARK</script>",
  "</svg><script>MARK</script>",
  "</text><foreignObject><body onload=MARK>",
  "]]><script>MARK</script><![CDATA[",
  "--><script>MARK</script><!--",
  "<a href=javascript:MARK>x</a>",
  '" onmouseover="MARK" x="',
  "' onfocus='MARK' autofocus='",
  "` onclick=`MARK",
  "<meta http-equiv=refresh content=0;url=//x/MARK>",
  "<base href=//x/MARK>",
  "<link rel=stylesheet href=//x/MARK>",
  "<form action=//x/MARK><input>",
  "<object data=//x/MARK>",
  "<style>@import '//x/MARK'</style>",
  "url(javascript:MARK)",
  "expression(MARK)",
  "&lt;script&gt;MARK&lt;/script&gt;",
  "&#60;script&#62;MARK&#60;/script&#62;",
  "\\u003cscript\\u003eMARK",
  "$" + "{MARK}",
  "{{MARK}}",
  "{a|MARK}",
  "{value}MARK",
  "<\u0000script>MARK</script>",
  "<scr\u200bipt>MARK</scr\u200bipt>",
  "\u202e>tpircs/<MARK>tpircs<",
  "\ud800<b>MARK\udfff",
  "<details open ontoggle=MARK>",
  "<math><mi xlink:href=javascript:MARK>",
  "<template><script>MARK</script></template>",
  "<noscript><p title='</noscript><img src=x onerror=MARK>'>",
  "<textarea autofocus onfocus=MARK>",
  "<x contenteditable onblur=MARK>",
  "'; rm -rf / #MARK",
  "__proto__MARK",
  "constructorMARK",
  "\r\n\r\n<script>MARK</script>",
  "<marquee onstart=MARK>",
  "<video><source onerror=MARK>",
  "<use href=data:image/svg+xml,MARK>",
  "<animate onbegin=MARK attributeName=x>",
  "<set attributeName=href to=javascript:MARK>",
  "%3Cscript%3EMARK%3C/script%3E",
];
const HOSTILE = [...FORMS, ...FORMS.map((form) => `${form}${form.toUpperCase()}${"长".repeat(80)}`)].map(
  (form, index) => form.replaceAll("MARK", `alert(${index})`),
);

/** Every text of the input, keys of open records included, replaced by the next hostile one. */
function poison(input: ReportInput): ReportInput {
  let next = 0;
  const fixed = new Set([
    "task",
    "metric",
    "verdict",
    "origin",
    "direction",
    "chosenBy",
    "method",
    "kind",
    "severity",
    "state",
  ]);
  const open = new Set(["versions", "example", "config", "size", "curves", "baseline"]);
  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return fixed.has(key) ? value : HOSTILE[next++ % HOSTILE.length];
    if (Array.isArray(value)) return value.map((item) => visit(item, key));
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value).map(([name, item]) => [
      open.has(key) && !("roc" in value) ? HOSTILE[next++ % HOSTILE.length] : name,
      visit(item, name),
    ]);
    return Object.fromEntries(entries);
  };
  return visit(input, "") as ReportInput;
}

describe("training report", () => {
  it.each(TASKS.flatMap((task) => [[task, "en"] as const, [task, "zh"] as const]))(
    "%s in %s is whole, self-contained and the same every time",
    (task, language) => {
      const input = sampleReportInput(task, 300);
      const text = trainingReport(input, language);
      expect(trainingReport(input, language)).toBe(text);
      expect(text).toContain(language === "en" ? "Reproducibility" : "可复现性");
      expect(text).not.toMatch(/undefined|NaN|\[object|Infinity/);
      expect(text).not.toMatch(/<script|(?:src|href)="(?!#)|url\((?!#)|@import/);
      const anchors = [...text.matchAll(/href="#([^"]*)"/g)].map((match) => match[1]!);
      expect(anchors.length).toBeGreaterThan(10);
      for (const anchor of anchors) expect(text).toContain(`id="${anchor}"`);
      const ids = [...text.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]!);
      expect(new Set(ids).size).toBe(ids.length);
      expect(text.length).toBeLessThan(400_000);
    },
  );

  it("has a hundred hostile texts", () => expect(HOSTILE.length).toBe(100));

  it.each(TASKS)("requirement 7: keeps hostile text inert in every field of a %s report", (task) => {
    const text = trainingReport(poison(sampleReportInput(task, 300)), "en");
    const tags = [...text.matchAll(/<\/?([a-zA-Z][^\s/>]*)([^>]*)>/g)];
    const known =
      /^(html|head|meta|title|style|body|div|nav|ol|li|a|main|header|h1|h2|h3|p|dl|dt|dd|span|section|table|caption|thead|tbody|tr|th|td|figure|figcaption|svg|g|path|text|rect|circle|line|polyline|polygon|clipPath|defs|details|summary|pre|code|br|footer|tspan)$/;
    expect(tags.map((tag) => tag[1]!).filter((name) => !known.test(name))).toEqual([]);
    for (const tag of tags) {
      const attributes = tag[2]!.replace(/="[^"]*"/g, "");
      expect(attributes, tag[0]).toMatch(/^[\sa-zA-Z:0-9_-]*\/?$/);
      expect(attributes, tag[0]).not.toMatch(/\son/i);
    }
    expect(text.match(/<title>/g)!.length).toBe(1);
    expect(text.match(/<\/style>/g)!.length).toBe(1);
    expect(text).not.toMatch(/(?:src|href)="(?!#)/);
    expect(text).not.toContain("\u202e");
  });

  it("keeps a search of 10 000 trials readable", () => {
    const text = trainingReport({ ...sampleReportInput("binary", 60), study: sampleStudy(10_000) }, "en");
    expect(text.match(/<details>/g)!.length).toBeGreaterThan(20);
    expect(text).toContain("Trials 9,500 to 9,999");
    expect(text.length).toBeLessThan(8_000_000);
  });

  it("says first what the figure means and what to do next", () => {
    const input = sampleReportInput("binary", 300);
    const text = trainingReport(input, "en");
    const lead = text.slice(text.indexOf('class="lead"'), text.indexOf('class="tiles"'));
    const [actualNo, actualYes] = input.evaluation.confusion!.counts as [number[], number[]];
    const found = Math.round((100 * actualYes[1]!) / (actualYes[0]! + actualYes[1]!));
    const right = Math.round((100 * actualYes[1]!) / (actualNo[1]! + actualYes[1]!));
    const auc = Math.round(100 * input.evaluation.metrics.auc!.value!);
    expect(lead).toContain(`ranks them rightly in ${auc} of 100 such pairs; a coin would in 50`);
    expect(lead).toContain(
      `Where it decides “yes”, ${right} of 100 rows are; of the rows that are, it finds ${found} of 100.`,
    );
    expect(lead.match(/<li>/g)).toHaveLength(3);
    expect(lead).toMatch(
      /critical in the data \(1\), first: It is filled in.*Goals are not met \(auc .*quern serve churn@3/s,
    );
    expect(trainingReport(sampleReportInput("multiclass", 300), "zh")).toMatch(
      /几何平均.*总是回答“.*接下来做什么/s,
    );
    expect(trainingReport(sampleReportInput("regression", 300), "en")).toMatch(
      /Predictions of churned typically miss by .*Half of the predictions of churned lie within/s,
    );
  });

  it("lets the figure of an own metric stand alone, and advises against a model that is no better", () => {
    const input = sampleReportInput("regression", 60);
    const { evaluation } = input;
    const own = { ...evaluation.metrics.rmse!, title: "Own" };
    const comparisons = evaluation.comparisons.map((one) => ({ ...one, verdict: "worse" as const }));
    const text = trainingReport(
      { ...input, evaluation: { ...evaluation, metric: "own", metrics: { own }, comparisons } },
      "en",
    );
    expect(text).not.toContain('class="lead"');
    expect(text).toContain("Do not use the model yet");
    expect(text).not.toContain("See what predictions rest on");
  });

  it("quotes the example for a shell", () => {
    expect(trainingReport(sampleReportInput("binary", 60), "en")).toContain("it&#39;\\&#39;&#39;s");
  });

  it("does without what is absent", () => {
    const input = sampleReportInput("binary", 60);
    const { study: _, ensemble: __, planOutcome: ___, ...plain } = input;
    const { evaluation } = input;
    const bare: ReportInput = {
      ...plain,
      version: null,
      goals: [],
      findings: [],
      leaderboard: [],
      plan: [],
      steps: [],
      parity: null,
      evaluation: {
        ...evaluation,
        comparisons: [],
        worst: [],
        slices: [],
        slicesTested: 0,
        importance: [],
        learningCurve: [],
        gain: null,
        threshold: null,
        curves: { roc: [], precisionRecall: [], gain: [], lift: [] },
        calibration: [],
        labelErrors: undefined,
        nearDuplicates: undefined,
        twins: undefined,
        novelty: undefined,
        conformal: undefined,
        fairness: undefined,
        crossValidation: undefined,
      },
      model: { ...input.model, curves: {}, importance: [], bestIteration: null },
      reproducibility: { ...input.reproducibility, bundle: null, testOpenings: [] },
    };
    expect(trainingReport(bare, "zh")).not.toMatch(/undefined|NaN|\[object/);
  });
});
