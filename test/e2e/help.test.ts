/** The help is true: every verb's example is run as shown, in an order in which a project lives. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trainTokenizer } from "../../src/capabilities/features/host/subwords/train-tokenizer.js";
import { VERBS } from "../../src/entries/cli/verbs.js";
import { writeYoloModel, YOLO_LABELS } from "../fixtures/yolo-model.js";
import { cellsOf, customers, without, writeLines } from "./data.js";
import { MAIN, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  writeLines(path("data.csv"), customers(0, 120));
  writeLines(path("labelled.csv"), customers(300, 400));
  writeLines(path("rows.csv"), without(customers(400, 420), "churn"));
  const texts = ["good tea", "bad tea", "a nest in the east", "an ant in a tin"];
  for (const name of ["questions.csv", "answers.csv"]) writeLines(path(name), ["text", ...texts]);
  const encoder = path("encoders/all-MiniLM-L6-v2");
  mkdirSync(encoder, { recursive: true });
  for (const name of ["config.json", "model.safetensors"]) {
    copyFileSync(join("test/oracles/encoders/bert", name), join(encoder, name));
  }
  const options = { model: "wordpiece", vocabulary: 40, minimumCount: 1, lowerCase: true } as const;
  writeFileSync(join(encoder, "tokenizer.json"), trainTokenizer(texts, options));
  writeYoloModel(path("yolov8n.onnx"));
  writeLines(path("names.txt"), YOLO_LABELS);
});
afterAll(remove);

const plain = (cell: string): string => cell.replaceAll(`"`, "");

async function exampleOf(verb: string): Promise<string[]> {
  const help = await quern([verb, "--help"], { cwd: folder });
  expect(help.code).toBe(0);
  expect(help.stderr).toBe("");
  expect(help.stdout).toContain("--json");
  const example = /\nExample:\n {2}quern (.+)\n$/.exec(help.stdout)?.[1];
  expect(example, help.stdout).toBeDefined();
  return example!.split(" ");
}

/** Files that an example must have written. */
const WRITES: Readonly<Record<string, readonly string[]>> = {
  init: ["quern.yaml"],
  profile: ["profile.html"],
  predict: ["predictions.csv"],
  export: ["churn.quern", "churn.client.ts"],
  similar: ["nearest.csv"],
};

/** What must have happened before an example makes sense. */
const BEFORE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  rollback: [
    [
      "train",
      "data.csv",
      "--target",
      "churn",
      "--name",
      "churn",
      "--models",
      "logistic-regression",
      "--trials",
      "1",
    ],
    ["promote", "churn", "--reason", "second"],
  ],
};

describe("the example in a verb's help works as shown", () => {
  test.each(VERBS.map((verb) => verb.name).filter((name) => name !== "serve"))("%s", async (verb) => {
    const words = await exampleOf(verb);
    expect(words[0]).toBe(verb);
    for (const earlier of BEFORE[verb] ?? []) expect((await quern(earlier, { cwd: folder })).code).toBe(0);
    const outcome = await quern(words, { cwd: folder });
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stdout.length).toBeGreaterThan(5);
    for (const file of WRITES[verb] ?? []) expect(existsSync(path(file)), file).toBe(true);
  });

  test("serve", async () => {
    // Any free port, so that the test disturbs nobody; of two equal flags the last one counts.
    const words = [...(await exampleOf("serve")), "--port", "0"];
    const server = spawn(process.execPath, [MAIN, ...words], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        server.on("exit", (code) => reject(new Error(`The server ended with ${code}.`)));
        createInterface({ input: server.stderr }).on("line", (line) => {
          const found = /http:\/\/[\w.:[\]]+/.exec(line);
          if (found) resolve(found[0]);
        });
      });
      const [header, row] = cellsOf(readFileSync(path("rows.csv"), "utf8"));
      const sample = Object.fromEntries(header!.map((name, k) => [plain(name), plain(row![k]!)]));
      const response = await fetch(`${address}/predict/churn`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(sample),
      });
      expect(response.status).toBe(200);
    } finally {
      server.removeAllListeners("exit");
      server.kill("SIGTERM");
      expect(await new Promise((resolve) => server.once("exit", resolve))).toBe(0);
    }
  });
});

describe("a server that cannot start says why and ends", () => {
  test("another address without a token", async () => {
    const outcome = await quern(["serve", "churn", "--host", "0.0.0.0", "--port", "0", "--json"], {
      cwd: folder,
    });
    expect(outcome.code).toBe(2);
    expect(outcome.json().error.message).toContain("token");
  });

  test("a port that is taken", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    const outcome = await quern(["serve", "churn", "--port", String(port), "--json"], { cwd: folder });
    holder.close();
    expect(outcome.code).toBe(2);
    expect(outcome.json().error.code).toBe("USAGE");
  });
});

describe("usage", () => {
  test("the overview names every verb; no verb at all is wrong usage", async () => {
    const overview = await quern(["--help"], { cwd: folder });
    expect(overview.code).toBe(0);
    for (const verb of VERBS) expect(overview.stdout).toContain(`  ${verb.name} `);
    expect((await quern([], { cwd: folder })).code).toBe(2);
    const [asked, flagged] = [
      await quern(["help", "train"], { cwd: folder }),
      await quern(["train", "--help"], { cwd: folder }),
    ];
    expect(asked).toMatchObject({ code: 0, stdout: flagged.stdout });
    const version = await quern(["--version"], { cwd: folder });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [["trian"], /Did you mean `quern train`/],
    [["predict", "churn"], /missing.*data|data.*missing/i],
    [["train", "data.csv", "--target"], /--target needs a value/],
    [["train", "data.csv", "--target", "churn", "--seed", "x"], /--seed/],
    [["train", "data.csv", "--target", "churn", "--task", "guess"], /binary.*multiclass.*regression/],
    [["export", "churn"], /--out/],
    [["train", "--target", "--json"], /quern train --help/],
  ])("%j", async (words, says) => {
    const outcome = await quern([...words, "--json"], { cwd: folder });
    expect(outcome.code).toBe(2);
    expect(outcome.json().error.code).toBe("USAGE");
    expect(`${outcome.json().error.message} ${outcome.json().error.hint}`).toMatch(says);
    expect(outcome.stderr).toMatch(/^quern: /);
  });
});
