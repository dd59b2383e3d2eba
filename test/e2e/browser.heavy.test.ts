import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle, writeBundle } from "../../src/capabilities/bundles/index.js";
import { createImageDecoder } from "../../src/capabilities/vision/index.js";
import type { Prediction, Row } from "../../src/foundation/contracts/prediction.js";
import { predictionDistance, type TabularPrediction } from "../../src/foundation/contracts/prediction.js";
import { exportModel } from "../../src/workflows/use/export-model.js";
import { importDetectorModel } from "../../src/workflows/use/import-detector.js";
import { maskModel } from "../fixtures/mask-model.js";
import { writeYoloModel } from "../fixtures/yolo-model.js";
import { type SmallTask, smallModel } from "../golden/small-model.js";

/** Needs Chromium (`QUERN_CHROMIUM` names it, default /usr/bin/chromium) and a build (`npm run build`). */
const CHROMIUM = process.env.QUERN_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];
const ROWS: readonly Row[] = [
  {
    age: "30",
    balance: "1000000001",
    member: "yes",
    city: "北京",
    since: "2020-01-02",
    label: "good",
    place: [1, 2],
  },
  { age: null, balance: 1e9, member: false, city: "Oslo", since: null, label: "bad", place: null },
  { age: 71.5, balance: 1000000003.5, member: null, city: null, since: 1e12, label: null, place: [0, -1] },
];

const folder = mkdtempSync(join(tmpdir(), "quern-browser-"));
let browser: Browser;
const servers: Server[] = [];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
});
afterAll(async () => {
  await browser?.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function openPage(bundle: string): Promise<{ page: Page; problems: string[] }> {
  const { startExample } = await import("../../examples/browser/serve.mjs" as string);
  const { server, url } = await startExample(bundle);
  servers.push(server);
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector("#row button");
  return { page, problems };
}

describe("a bundle in Chromium", () => {
  it.each<SmallTask>(["binary", "multiclass", "regression"])("answers as in Node (%s)", async (task) => {
    const { path } = await writeBundle(join(folder, `${task}.quern`), smallModel(task));
    const bundle = await loadBundle(path);
    const expected = await bundle.predict(ROWS);
    await bundle.close();
    const { page, problems } = await openPage(path);
    const answers = (await page.evaluate("predictor.predict(" + JSON.stringify(ROWS) + ")")) as Prediction[];
    expect(problems).toEqual([]);
    expect(answers).toHaveLength(expected.length);
    for (const [index, answer] of answers.entries()) {
      const wanted = expected[index]! as TabularPrediction;
      if ("prediction" in wanted) {
        expect(
          predictionDistance((answer as { prediction: number }).prediction, wanted.prediction),
        ).toBeLessThan(1e-6);
        continue;
      }
      expect(answer).toMatchObject({ label: wanted.label });
      for (const [label, probability] of Object.entries(wanted.probabilities)) {
        if (label === "__proto__") continue; // Not carried by the browser's debugging protocol.
        expect((answer as typeof wanted).probabilities[label]).toBeCloseTo(probability, 6);
      }
    }
    await page.close();
  });

  it("takes a row from the form and names what is wrong with it", async () => {
    const { path } = await writeBundle(join(folder, "form.quern"), smallModel("regression"));
    const { page, problems } = await openPage(path);
    await page.fill("[data-column=balance]", "1000000002");
    await page.fill("[data-column=city]", "Lyon");
    await page.click("button");
    await page.waitForSelector("#answer:has-text('prediction')");
    await page.fill("[data-column=age]", "old");
    await page.click("button");
    await page.waitForSelector("#answer:has-text('is not a number')");
    expect(await page.textContent("#answer")).toContain('Row 1, column "age": "old" is not a number.');
    expect(problems).toEqual([]);
    await page.close();
  });
  it("draws boxes and masks over a chosen picture, and answers as in Node", async () => {
    const picture = await sharp({ create: { width: 256, height: 160, channels: 3, background: "#ffffff" } })
      .composite([
        {
          input: { create: { width: 90, height: 70, channels: 3, background: "#d01818" } },
          left: 30,
          top: 40,
        },
      ])
      .removeAlpha()
      .png()
      .toBuffer();
    writeYoloModel(join(folder, "yolo.onnx"));
    const detector = join(folder, "street.quern");
    await importDetectorModel({
      file: join(folder, "yolo.onnx"),
      name: "street",
      out: detector,
      overlap: 0.3,
    });
    const segmenter = await writeBundle(join(folder, "red.quern"), maskModel({ height: 20, width: 32 }));
    for (const path of [detector, segmenter.path]) {
      const bundle = await loadBundle(path, { decodeImage: createImageDecoder() });
      const [expected] = await bundle.predict([{ image: picture.toString("base64") }]);
      await bundle.close();
      const { page, problems } = await openPage(path);
      const before = await page.locator("#picture").isVisible();
      await page.setInputFiles("[data-column=image]", {
        ...{ name: "shot.png", mimeType: "image/png", buffer: picture },
      });
      await page.click("button");
      await page.waitForSelector("#answer:has-text('{')");
      expect([before, await page.locator("#picture").isVisible()]).toEqual([false, true]);
      const said = JSON.parse((await page.textContent("#answer"))!);
      const answer = (await page.evaluate(
        `predictor.predict([{ image: "data:image/png;base64,${picture.toString("base64")}" }])`,
      )) as unknown[];
      expectClose(answer[0], expected);
      expect(Object.keys(said)).toEqual(Object.keys(expected!));
      const colours = (await page.evaluate(
        "new Set(new Uint32Array(document.querySelector('#picture').getContext('2d').getImageData(0, 0, 256, 160).data.buffer)).size",
      )) as number;
      expect(colours).toBeGreaterThan(2);
      if (process.env.QUERN_SCREENSHOTS) {
        const name = `${basename(path)}.png`;
        await page.screenshot({ path: join(process.env.QUERN_SCREENSHOTS, name), fullPage: true });
      }
      await page.setInputFiles("[data-column=image]", {
        ...{ name: "shot.png", mimeType: "image/png", buffer: Buffer.from("no picture") },
      });
      await page.click("button");
      await page.waitForSelector("#answer:has-text('it is no picture that this browser reads')");
      expect(problems).toEqual([]);
      await page.close();
    }
  });

  it("runs in the worker of an exported folder, behind a strict policy", async () => {
    await writeBundle(join(folder, "model"), smallModel("binary"));
    await exportModel({ model: "./model", out: "site", edge: true }, { folder });
    const site = join(folder, "site");
    mkdirSync(join(site, "node_modules"));
    const installed = dirname(dirname(fileURLToPath(import.meta.resolve("onnxruntime-web"))));
    symlinkSync(installed, join(site, "node_modules/onnxruntime-web"));
    execFileSync(process.execPath, ["build.js"], { cwd: site });
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(await startStatic(join(site, "public")));
    await page.waitForSelector("#row button");
    const [answer] = (await page.evaluate(`predict(${JSON.stringify(ROWS)})`)) as TabularPrediction[];
    const bundle = await loadBundle(join(folder, "model"));
    const [expected] = (await bundle.predict(ROWS)) as TabularPrediction[];
    await bundle.close();
    expect(answer).toMatchObject({ label: (expected as { label: string }).label });
    await page.fill("[data-column=age]", "old");
    await page.click("button");
    await page.waitForSelector("#answer:has-text('is not a number')");
    expect(problems).toEqual([]);
    await page.close();
  });
});

/** Equal but for the last digits of numbers: the mean of a picture depends on the order in which it is summed. */
function expectClose(actual: unknown, wanted: unknown): void {
  if (typeof wanted === "number") expect(actual).toBeCloseTo(wanted, 4);
  else if (typeof wanted !== "object" || wanted === null) expect(actual).toEqual(wanted);
  else {
    expect(Object.keys(actual as object)).toEqual(Object.keys(wanted));
    for (const [key, value] of Object.entries(wanted)) {
      expectClose((actual as Record<string, unknown>)[key], value);
    }
  }
}

/** A static host that sends the policy the exported README asks for. */
async function startStatic(root: string): Promise<string> {
  const types: Record<string, string> = { ".html": "text/html", ".wasm": "application/wasm" };
  const server = createServer((request, response) => {
    const path = join(root, request.url === "/" ? "index.html" : request.url!);
    if (!existsSync(path)) return response.writeHead(404).end();
    return response
      .writeHead(200, {
        "content-type": types[extname(path)] ?? "text/javascript",
        "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:",
      })
      .end(readFileSync(path));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
