export { SpanExporter } from "./span-exporter.js";
export { createTracer } from "./tracer.js";
