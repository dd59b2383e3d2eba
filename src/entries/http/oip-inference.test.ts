/** What tensors share with rows: spread traffic, shadows, the log, explanations. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleFiles } from "../../../src/capabilities/bundles/index.js";
import { createModelPool, Traffic } from "../../../src/capabilities/serving/index.js";
import type { LooseJson } from "../../../test/fixtures/loose-json.js";
import { smallModel } from "../../../test/golden/small-model.js";
import { systemClock } from "../../foundation/base/clock.js";
import { silentLogger } from "../../foundation/base/logger.js";
import { deploymentSchema } from "../../foundation/contracts/deployment.js";
import type { PredictionExplanation } from "../../foundation/contracts/explanation.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import type { AnsweredRows } from "../../foundation/contracts/prediction-log.js";
import { createServer, type QuernServer } from "./index.js";
import { rowsFrom } from "./tensor-rows.js";

const logged: AnsweredRows[] = [];
const explained: Row[] = [];
/** Whether each request that was spread over versions counted as a failure of its version. */
const settled: boolean[] = [];
let isExplainerBroken = false;
let server: QuernServer;
let base: string;
let first: number;

beforeAll(async () => {
  const models = createModelPool({
    clock: systemClock,
    createExplainer: () => ({
      async explain(rows) {
        if (isExplainerBroken) throw new Error("The explainer broke.");
        explained.push(...rows);
        return rows.map((row) => ({ age: row.age }) as unknown as PredictionExplanation);
      },
      close: async () => undefined,
    }),
  });
  const { manifest, files } = await bundleFiles(smallModel("regression"));
  first = manifest.version;
  await models.add({ id: "one", manifest, files });
  await models.add({ id: "nine", manifest: { ...manifest, version: 9 }, files }, { current: false });
  const traffic = new Traffic(models, systemClock);
  const name = "small-regression";
  const variants = [
    { model: `${name}@9`, weight: 1 },
    { model: `${name}@${first}`, weight: 0 },
  ];
  traffic.deploy(name, deploymentSchema.parse({ variants, shadows: [`${name}@${first}`] }));
  const route = traffic.route.bind(traffic);
  traffic.route = (...asked) => {
    const routed = route(...asked);
    return routed && { ...routed, settle: (failed) => void settled.push(failed) };
  };
  server = createServer(
    { port: 0, maximumRows: 150 },
    {
      ...{ models, traffic, clock: systemClock, logger: silentLogger },
      predictions: { record: (answered) => void logged.push(answered) },
    },
  );
  base = await server.listen();
});
afterAll(() => server.close());

async function infer(request: object, rows = 2, place = "") {
  const { inputs } = (await (await fetch(`${base}/v2/models/small-regression`)).json()) as {
    inputs: { name: string; datatype: string; shape: number[] }[];
  };
  const values: Record<string, readonly unknown[]> = {
    ...{ age: [30, null], balance: [1_000_000_001, 1], member: [1, 0], city: ["北京", ""] },
    ...{ since: [1_577_923_200_000, -(2n ** 63n)], place: [1, 2, 3, 4] },
  };
  const tensors = inputs.map(({ name, datatype, shape }) => {
    const width = shape[1]!;
    const given = values[name] ?? ["good", ""];
    const data = Array.from({ length: rows * width }, (_, k) => given[k % given.length]);
    return { name, datatype, shape: [rows, width], data };
  });
  const body = JSON.stringify({ inputs: tensors, ...request }, (_key, value) =>
    typeof value === "bigint" ? `bigint ${value}` : value,
  ).replace(/"bigint (-?\d+)"/g, "$1");
  const response = await fetch(`${base}/v2/models/small-regression${place}/infer`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: response.status, body: (await response.json()) as LooseJson };
}

it("answers by the version that the traffic belongs to, logs the rows that the tensors are, and shadows them", async () => {
  const { body } = await infer({ id: "job" });
  expect(body.model_version).toBe("9");
  expect((await infer({}, 2, `/versions/${first}`)).body.model_version).toBe(String(first));
  for (let k = 0; logged.length < 3 && k < 100; k++) await new Promise((resolve) => setTimeout(resolve, 10));
  const [live] = logged;
  expect(live).toMatchObject({ ids: ["job/0", "job/1"], manifest: { version: 9 } });
  expect(live!.rows).toEqual([
    {
      ...{ age: 30, balance: 1_000_000_001, member: true, city: "北京", label: "good", place: [1, 2] },
      since: new Date(1_577_923_200_000),
    },
    { age: null, balance: 1, member: false, city: null, label: null, place: [3, 4], since: null },
  ]);
  const [prediction] = body.outputs;
  expect(live!.predictions).toEqual(
    prediction.data.map((value: number) => ({ prediction: expect.closeTo(value, 5) })),
  );
  const shadow = logged.find(({ role }) => role === "shadow");
  expect(shadow).toMatchObject({
    ids: live!.ids,
    manifest: { version: first },
    predictions: live!.predictions,
  });
});

it("explains as one more output, for as many rows as predict does", async () => {
  const { body } = await infer({ parameters: { explain: true }, outputs: [{ name: "prediction" }] });
  expect(body.outputs.map(({ name }: { name: string }) => name)).toEqual(["prediction", "explanation"]);
  expect(body.outputs[1]).toMatchObject({
    datatype: "BYTES",
    shape: [2],
    data: ['{"age":30}', '{"age":null}'],
  });
  expect(explained).toHaveLength(2);
  expect((await infer({ parameters: { explain: true } }, 101)).status).toBe(413);
  expect((await infer({}, 101)).status).toBe(200);
  expect((await infer({}, 151)).status).toBe(413);
});

it("counts each request once for its version, and against it only what is its fault", async () => {
  settled.length = 0;
  expect((await infer({}, 151)).status).toBe(413);
  isExplainerBroken = true;
  expect((await infer({ parameters: { explain: true } })).status).toBe(500);
  isExplainerBroken = false;
  expect(settled).toEqual([false, false]);
});

it("forms no rows where a host transform stands between columns and tensors", async () => {
  const { manifest } = await bundleFiles(smallModel("regression"));
  const other = { ...manifest, graphInputs: manifest.graphInputs.slice(1) };
  expect(rowsFrom(other, {}, 1)).toBeUndefined();
});
