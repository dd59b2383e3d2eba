// Opens and runs every model of a file (uint32 length, bytes, …) in native code; the caller sees whether this
// process survives. Prints how many were refused, failed and answered. Needs a build.
import { readFileSync } from "node:fs";
import { openSession } from "../../dist/engines/onnx/index.js";

const TEXTS = ["a", "b a", "", "x y z"];

function inputFor({ type, shape }, rows) {
  const sizes = shape.map((size) => (typeof size === "number" ? size : rows));
  const count = sizes.reduce((product, size) => product * size, 1);
  const at = (index) => [0.4, 1, Number.NaN, -7][index % 4];
  if (type === "string")
    return { type, shape: sizes, data: Array.from({ length: count }, (_, k) => TEXTS[k % 4]) };
  if (type === "int64")
    return { type, shape: sizes, data: BigInt64Array.from({ length: count }, (_, k) => BigInt(k % 5)) };
  if (type === "float64")
    return { type, shape: sizes, data: Float64Array.from({ length: count }, (_, k) => at(k)) };
  if (type === "float32")
    return { type, shape: sizes, data: Float32Array.from({ length: count }, (_, k) => at(k)) };
  if (type === "int32") return { type, shape: sizes, data: new Int32Array(count) };
  return { type, shape: sizes, data: new Uint8Array(count) };
}

const outcome = { refused: 0, failed: 0, answered: 0 };
const bytes = readFileSync(process.argv[2]);
for (let at = 0; at < bytes.length; ) {
  const length = bytes.readUInt32LE(at);
  const model = new Uint8Array(bytes.subarray(at + 4, at + 4 + length));
  at += 4 + length;
  let session;
  try {
    session = await openSession(model, { threads: 1 });
  } catch (error) {
    if (error?.code !== "MODEL_REFUSED") throw error;
    outcome.refused++;
    continue;
  }
  try {
    const sizes = session.inputs.map((port) => port.shape.filter((size) => typeof size === "number"));
    const count = sizes.flat().reduce((product, size) => product * Math.max(1, size), 1);
    if (count < 1e6)
      await session.run(
        Object.fromEntries(
          session.inputs.map((port) => [
            port.name,
            inputFor(port, Math.min(TEXTS.length, session.comfortableRows)),
          ]),
        ),
      );
    outcome.answered++;
  } catch (error) {
    if (error?.code !== "MODEL_REFUSED") throw error;
    outcome.failed++;
  } finally {
    await session.close();
  }
}
console.log(JSON.stringify({ ...outcome, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }));
