import { expect, it } from "vitest";
import { Router } from "./router.js";
import { routeTable } from "./routes.js";

const router = new Router(routeTable({}));
const methods = (path: string) => [...(router.find(path)?.routes.keys() ?? [])];

it("knows the methods of a path", () => {
  expect(methods("/predict/a%2Fb@3")).toEqual(["POST"]);
  expect(methods("/api/models")).toEqual(["GET", "HEAD"]);
  expect(methods("/")).toEqual(["GET", "HEAD"]);
  for (const unknown of ["/predict/a/b", "/predict/", "/predict", "", "//", "/api/models/", "*"]) {
    expect(methods(unknown), unknown).toEqual([]);
  }
});

it("reads names out of a path, and takes what cannot be one for unknown", () => {
  expect(router.find("/v2/models/a%2Fb/versions/3/infer")?.parameters).toEqual({
    model: "a/b",
    version: "3",
  });
  expect(router.find("/predict/__proto__")?.parameters).toEqual({ model: "__proto__" });
  expect(router.find("/predict/%C0%AF")).toBeUndefined();
  expect(router.find("/predict/%")).toBeUndefined();
  expect(router.find(`/predict/${"a".repeat(601)}`)).toBeUndefined();
});

it("goes back to a parameter where a fixed segment leads nowhere", () => {
  const route = (path: string) => ({ ...routeTable({})[0]!, path });
  const both = new Router([route("/a/b"), route("/a/:x/c")]);
  expect(both.find("/a/b")?.parameters).toEqual({});
  expect(both.find("/a/b/c")?.parameters).toEqual({ x: "b" });
});
