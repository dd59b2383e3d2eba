const { serveFits } = await import(new URL("../../dist/workflows/fitting/fit-worker.js", import.meta.url));
const { executor } = await import("./fit-executor.mjs");
serveFits(executor);
