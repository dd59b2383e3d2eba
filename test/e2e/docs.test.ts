/** What the documents say is so: references equal the schemas, both READMEs agree, paths, verbs and flags exist. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { flagsOf } from "../../src/entries/cli/flags.js";
import { VERBS } from "../../src/entries/cli/verbs.js";
import { ERROR_TABLE } from "../../src/foundation/base/errors.js";
import { parseProject } from "../../src/workflows/project/project-file.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const PAGES = [
  "README.md",
  "README.zh-CN.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

interface CodeBlock {
  readonly language: string;
  readonly code: string;
}
const codeBlocks = (text: string): CodeBlock[] =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }));
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, "```");

test("the reference pages equal the schemas", () => {
  const script = join(ROOT, "scripts/write-reference.mjs");
  execFileSync(process.execPath, [script, "--check"], { cwd: ROOT, stdio: "pipe" });
});

test("the codes that docstrings promise exist", () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const promised = sources.flatMap((name) => {
    const text = read(join("src", name));
    return [...text.matchAll(/@throws QuernError ([^\n*]*)/g)].flatMap(([, codes]) =>
      [...codes!.matchAll(/\b[A-Z]+_[A-Z_]+(?!…)\b/g)].map(([code]) => ({ name, code })),
    );
  });
  expect(promised.length).toBeGreaterThan(100);
  // `DATA_…` stands for all that begin so.
  const known = Object.keys(ERROR_TABLE);
  const isKnown = (code: string) =>
    code.endsWith("_") ? known.some((one) => one.startsWith(code)) : known.includes(code);
  expect(promised.filter(({ code }) => !isKnown(code))).toEqual([]);
});

describe("the two READMEs", () => {
  const [english, chinese] = [read("README.md"), read("README.zh-CN.md")];
  /** Headings by depth, tables by size, code and list items in order: what a translation must keep. */
  const structure = (text: string): string[] =>
    prose(text)
      .split("\n")
      .flatMap((line) => {
        if (/^#+ /.test(line)) return [`heading ${line.indexOf(" ")}`];
        if (line.startsWith("|")) return [`row ${line.split("|").length}`];
        if (line.startsWith("- ")) return ["item"];
        return line === "```" ? ["code"] : [];
      });

  test("have the same sections, tables, lists and code", () => {
    expect(structure(chinese)).toEqual(structure(english));
    expect(codeBlocks(chinese)).toEqual(codeBlocks(english));
  });

  test("name the same commands and link to each other", () => {
    const spans = (text: string): string[] => (prose(text).match(/`[^`\n]+`/g) ?? []).sort();
    expect(spans(chinese)).toEqual(spans(english));
    expect(english).toContain("(README.zh-CN.md)");
    expect(chinese).toContain("(README.md)");
  });

  test("show project files that are valid", () => {
    for (const { language, code } of codeBlocks(english))
      if (language === "yaml") expect(() => parseProject(code, "README.md")).not.toThrow();
  });

  test("name scripts and benchmarks that exist", () => {
    const { scripts } = JSON.parse(read("package.json"));
    for (const [, script] of english.matchAll(/npm run (\w+)/g)) expect(scripts).toHaveProperty(script!);
    for (const [, bench] of english.matchAll(/npm run bench -- (\w+)/g))
      expect(existsSync(join(ROOT, "bench", bench!, "index.mjs")), bench).toBe(true);
  });
});

describe.each(PAGES)("%s", (page) => {
  const text = read(page);

  test("links to what exists", () => {
    for (const [, target] of prose(text).matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect(existsSync(join(ROOT, dirname(page), target!)), target).toBe(true);
  });

  test("names paths that exist", () => {
    const paths = prose(text).matchAll(/`((?:src|docs|test|conformance|scripts|examples|bench)\/[\w./-]+)`/g);
    const isNew = (path: string): boolean => text.includes(`## 1. The file: \`${path}\``);
    for (const [, path] of paths) if (!isNew(path!)) expect(existsSync(join(ROOT, path!)), path).toBe(true);
  });

  test("shows commands with verbs and flags that exist", async () => {
    const lines = codeBlocks(text)
      .filter(({ language }) => language === "sh" || language === "console")
      .flatMap(({ code }) => code.split("\n"));
    for (const line of lines) {
      const words = /^(?:\$ )?quern (\w+)(.*)$/.exec(line.replace(/ #.*$/, ""));
      if (!words) continue;
      const verb = VERBS.find((candidate) => candidate.name === words[1]);
      expect(verb, line).toBeDefined();
      const known = flagsOf((await verb!.load()).options).map((flag) => flag.long);
      for (const [flag] of words[2]!.matchAll(/--[\w-]+/g)) expect(known, line).toContain(flag);
    }
  });
});
