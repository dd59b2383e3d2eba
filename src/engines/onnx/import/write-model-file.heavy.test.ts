import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ModelProto } from "../protobuf/messages.js";
import { externalDataIn } from "./external-data.js";
import { DEFAULT_IMPORT_LIMITS } from "./limits.js";
import { readSourceModel } from "./source-model.js";
import { decodeTensor } from "./tensor-decoding.js";
import { writeModelFile } from "./write-model-file.js";

it("a model of more than 2 GiB is written and read", () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-huge-"));
  const values = new Float32Array(2 ** 27).map((_, index) => index % 1001);
  const rawData = new Uint8Array(values.buffer);
  const names = ["a", "b", "c", "d", "e"];
  const initializer = names.map((name) => ({ name, dims: [2 ** 27], dataType: 1, rawData }));
  const model: ModelProto = {
    irVersion: 10,
    opsetImport: [{ version: 21 }],
    graph: { name: "huge", initializer },
  };
  try {
    const path = join(folder, "model.onnx");
    writeModelFile(path, model);
    expect(statSync(`${path}.data`).size).toBe(5 * 2 ** 29);
    const read = readSourceModel(path).model.graph!.initializer!;
    expect(read.map(({ name }) => name)).toEqual(names);
    const { data } = decodeTensor(read[4]!, DEFAULT_IMPORT_LIMITS, externalDataIn(folder));
    expect(Buffer.compare(Buffer.from((data as Float32Array).buffer), Buffer.from(values.buffer))).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
