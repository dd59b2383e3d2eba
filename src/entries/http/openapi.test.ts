import { expect, it } from "vitest";
import { z } from "zod";
import type { LooseJson } from "../../../test/fixtures/loose-json.js";
import type { BundleInput } from "../../foundation/contracts/bundle.js";
import { predictResponseSchema } from "../../foundation/contracts/http.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import { exampleRow } from "./example-row.js";
import { openApiDocument } from "./openapi.js";
import { defineRoute } from "./route.js";
import { routeSummary } from "./route-summaries.js";
import { routeTable } from "./routes.js";

it("an example row has the digits of a number that people write, and stays the same number", () => {
  const column = (name: string, least: number): BundleInput => ({
    column: { name, kind: "number", reason: "" },
    ...{ optional: false, range: [least, 1e9] },
  });
  const least = [Math.fround(0.1), Math.fround(-1234.567), 1_000_000_001, 16_777_216, 0, 2 ** -140, 0.1];
  const inputs = least.map((value, k) => column(`c${k}`, value));
  const row = exampleRow({ manifest: { inputs } as ServedModel["manifest"] });
  expect(Object.values(row).slice(0, 5)).toEqual([0.1, -1234.567, 1_000_000_001, 16_777_216, 0]);
  expect(Object.values(row).map((value) => Math.fround(value as number))).toEqual(least.map(Math.fround));
});

it("routes say in Chinese too what they do", () => {
  const unused = new Proxy({}, { get: () => () => undefined }) as never;
  const routes = routeTable({ store: unused, jobs: unused, experiments: unused });
  const english = routes.filter((route) => !/\p{Script=Han}/u.test(routeSummary(route, "zh")));
  expect(english.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(routeSummary(routes[0]!, "en")).toBe(routes[0]!.summary);
});

it("names each status that a route can answer with, and nothing else", () => {
  const { paths } = openApiDocument(routeTable({}), []) as LooseJson;
  const statuses = (path: string, method = "get") => Object.keys(paths[path][method].responses);
  expect(statuses("/predict/{model}", "post")).toEqual([
    "200",
    "400",
    "401",
    "403",
    "404",
    "413",
    "422",
    "500",
    "503",
    "504",
  ]);
  expect(statuses("/health/live")).toEqual(["200", "400", "403", "500"]);
  const ready = paths["/health/ready"].get.responses;
  expect(ready[503].content).toEqual(ready[200].content);
  const ids = Object.values(paths).flatMap((path) =>
    Object.values(path as LooseJson).map((it: LooseJson) => it.operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  const stream = paths["/predict/{model}/stream"].post;
  expect(Object.keys(stream.requestBody.content)).toEqual(["application/x-ndjson"]);
});

it("writes lists of a fixed length so that every tool understands them", () => {
  const answer = z.object({
    pair: z.tuple([z.number(), z.number()]),
    mixed: z.tuple([z.number(), z.string()]),
  });
  const route = defineRoute({
    ...{ method: "GET", path: "/x", permission: "public", summary: "x", answer, handle: () => undefined },
  });
  const { properties } = (openApiDocument([route], []) as LooseJson).paths["/x"].get.responses[200].content[
    "application/json"
  ].schema;
  expect(properties.pair).toEqual({ type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 });
  expect(properties.mixed.prefixItems).toHaveLength(2);
});

it("describes answers with an interval", () => {
  const answer = { id: "a", prediction: 1, interval: [0, null] };
  expect(predictResponseSchema.safeParse({ model: "m", version: 1, predictions: [answer] }).success).toBe(
    true,
  );
});
