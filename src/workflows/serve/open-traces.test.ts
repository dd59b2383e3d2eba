import { expect, it } from "vitest";
import { openTraces } from "./open-traces.js";

const asked = (headers: string) => ({
  url: "http://127.0.0.1:4318",
  sample: 1,
  environment: { OTEL_EXPORTER_OTLP_HEADERS: headers },
});

it("refuses headers that are not percent-encoded by their name, without their value", () => {
  expect(openTraces(asked("x-team=a%20b,empty"))).toBeDefined();
  const refuse = () => openTraces(asked("authorization=Basic 100%secret"));
  expect(refuse).toThrow(/"authorization" in OTEL_EXPORTER_OTLP_HEADERS/);
  expect(refuse).not.toThrow(/secret/);
});
