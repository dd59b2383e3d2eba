import ts from "typescript";
import { describe, expect, it } from "vitest";
import { type SmallTask, smallModel } from "../../../test/golden/small-model.js";
import { bundleFiles, modelCard, typesFor } from "./index.js";

const libraries = new Map<string, ts.SourceFile | undefined>();

/** Messages of the compiler for a module and code that uses it. */
function compile(module: string, usage: string): string[] {
  const sources: Record<string, string> = { "/client.ts": module, "/usage.ts": usage };
  const options: ts.CompilerOptions = {
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name in sources || fileExists.call(host, name);
  host.readFile = (name) => sources[name] ?? readFile.call(host, name);
  host.getSourceFile = (name, target) => {
    if (name in sources) return ts.createSourceFile(name, sources[name]!, target);
    if (!libraries.has(name)) libraries.set(name, getSourceFile.call(host, name, target));
    return libraries.get(name);
  };
  return ts
    .getPreEmitDiagnostics(ts.createProgram(Object.keys(sources), options, host))
    .map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
}

const manifestOf = async (task: SmallTask) => (await bundleFiles(smallModel(task))).manifest;

describe("the typed client", () => {
  it("compiles, takes rows of the model and types its answers", async () => {
    const code = typesFor(await manifestOf("binary"));
    const usage = `
      import { SmallBinaryClient, type SmallBinaryRow } from "./client";
      const row: SmallBinaryRow = {
        balance: 1, member: true, city: "a new city", label: "text", place: [1, 2], since: new Date(0),
      };
      const answer = await new SmallBinaryClient({ url: "http://localhost" }).predictOne(row);
      const label: "no" | "yes" = answer.label;
      const probability: number = answer.probabilities.yes;
      export { label, probability };`;
    expect(compile(code, usage)).toEqual([]);
    const wrong = usage
      .replace("balance: 1", 'balance: "much"')
      .replace("probabilities.yes", "probabilities.maybe");
    expect(compile(code, wrong)).toHaveLength(2);
    expect(compile(code, usage.replace("balance: 1, ", ""))).toEqual([
      expect.stringMatching("Property 'balance' is missing"),
    ]);
  }, 120_000);

  it("asks the server as its contract says", async () => {
    const code = ts.transpileModule(typesFor(await manifestOf("regression")), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    }).outputText;
    const { SmallRegressionClient } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const requests: [string, RequestInit][] = [];
    const client = new SmallRegressionClient({
      url: "http://localhost:8080",
      token: "t",
      fetch: async (url: URL, init: RequestInit) => {
        requests.push([String(url), init]);
        return new Response(JSON.stringify({ predictions: [{ prediction: 4 }] }));
      },
    });
    expect(await client.predictOne({ balance: 1 })).toEqual({ prediction: 4 });
    expect(requests[0]).toMatchObject([
      "http://localhost:8080/predict/small-regression",
      { method: "POST", body: '[{"balance":1}]', headers: { authorization: "Bearer t" } },
    ]);
  });

  it("survives names that are no identifiers and comments that would end early", async () => {
    const manifest = await manifestOf("binary");
    const input = manifest.inputs[0]!;
    const nasty = ["", '"*/ alert(1) //', "换行\n列", "__proto__", "`$" + "{x}`"];
    const code = typesFor({
      ...manifest,
      name: "3 客户*/流失",
      target: "*/ x",
      inputs: nasty.map((name) => ({ ...input, column: { ...input.column, name } })),
      outputs: { kind: "classes", classes: ['"', "`$" + "{1}`"] },
    });
    expect(compile(code, 'export * from "./client";')).toEqual([]);
    expect(code).toContain("Model3客户流失Row");
  }, 120_000);
});

describe("the model card", () => {
  it.each(["en", "zh"] as const)("tells what the model needs and is worth (%s)", async (language) => {
    const { manifest, files } = await bundleFiles({ ...smallModel("binary"), language });
    const card = new TextDecoder().decode(files.get("card.md"));
    expect(card).toBe(modelCard(manifest, { test: { accuracy: 0.75, rows: 4, auc: null } }, language));
    for (const fact of ["outcome", "balance", "北京", "accuracy", "0.75", "run-1"])
      expect(card).toContain(fact);
    expect(card).toMatchSnapshot();
  });

  it("lets no name act as Markdown or HTML", async () => {
    const manifest = await manifestOf("binary");
    const card = modelCard({ ...manifest, name: "<img src=x>|[a](b)", target: "a\n# b" }, {}, "en");
    expect(card).not.toMatch(/<img|\|\[|\n# b/);
  });
});
