const { serveFits } = await import(new URL("../../dist/workflows/train/fit-worker.js", import.meta.url));
const { executor } = await import("./fit-executor.mjs");
serveFits(executor);
