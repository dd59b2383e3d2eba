/** A detector from elsewhere: imported by one command, judged on annotated pictures, asked. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodePng } from "../../src/foundation/base/pictures/png.js";
import { writeYoloModel, YOLO_LABELS, YOLO_SIDE } from "../fixtures/yolo-model.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const PICTURES = 3;
function write(path: string, content: string | Uint8Array): void {
  const full = join(folder, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, content);
}
const run = (...args: string[]) => quern([...args, "--json"], { cwd: folder });

beforeAll(() => {
  writeYoloModel(join(folder, "bare.onnx"), { isNamed: false });
  write("names.txt", `${YOLO_LABELS.join("\n")}\n`);
  const size = { width: YOLO_SIDE, height: YOLO_SIDE, channels: 3 as const };
  for (let k = 0; k < PICTURES; k++) {
    const data = new Uint8Array(YOLO_SIDE * YOLO_SIDE * 3).fill(250 - k);
    write(`plain/images/${k}.png`, encodePng({ ...size, data }));
  }
});

test("is imported, answers, and is worth 1 on what it answers itself", async () => {
  const imported = await run("import", "bare.onnx", "--name", "street", "--classes", "names.txt");
  expect(imported.code, imported.stderr).toBe(0);
  expect(imported.json()).toMatchObject({
    ...{ model: "street", version: 1, task: "detection", labels: YOLO_LABELS, layout: "classes-first" },
    picture: { height: YOLO_SIDE, width: YOLO_SIDE },
  });
  const answered = await run("predict", "street", "plain/images", "--out", "answers.jsonl");
  expect(answered.code, answered.stderr).toBe(0);
  const answers = readFileSync(join(folder, "answers.jsonl"), "utf8").trim().split("\n");
  write("labelled/data.yaml", `train: images\nnames: [${YOLO_LABELS.join(", ")}]\n`);
  for (const [k, answer] of answers.entries()) {
    const boxes = JSON.parse(answer).prediction as { label: string; box: number[] }[];
    expect(boxes.length).toBeGreaterThan(5);
    const lines = boxes.map(({ label, box: [x, y, width, height] }) => {
      const code = (YOLO_LABELS as readonly string[]).indexOf(label);
      return [code, x! + width! / 2, y! + height! / 2, width, height].join(" ");
    });
    write(`labelled/images/${k}.png`, readFileSync(join(folder, `plain/images/${k}.png`)));
    write(`labelled/labels/${k}.txt`, lines.join("\n"));
  }
  const evaluated = await run("evaluate", "street", "labelled", "--report", "evaluation.html");
  expect(evaluated.code, evaluated.stderr).toBe(0);
  expect(evaluated.json().metric).toMatchObject({ name: "map", value: 1, rows: PICTURES });
  expect(readFileSync(join(folder, "evaluation.html"), "utf8")).toContain("mAP@");
});

test("is refused with what is wrong where it or its classes do not fit", async () => {
  write("two.txt", "person\ndog\n");
  const few = await run("import", "bare.onnx", "--name", "street", "--classes", "two.txt");
  expect(few.code).toBe(2);
  expect(few.json().error.message).toContain("output0 float32[N, 7, 40] and its 2 classes. What is read:");
  write("twice.txt", "person\ndog\nperson\n");
  const twice = await run("import", "bare.onnx", "--name", "street", "--classes", "twice.txt");
  expect(twice.json().error.message).toBe('twice.txt, line 3: "person" is the name of line 1 too.');
  const nameless = await run("import", "bare.onnx", "--name", "nameless");
  expect(nameless.json().labels).toEqual(["class 0", "class 1", "class 2"]);
  const evaluated = await run("evaluate", "nameless", "labelled");
  expect(evaluated.code).toBe(2);
  expect(evaluated.json().error.message).toMatch(
    /^The objects are called .*; the model answers class 0, class 1, class 2/,
  );
});
