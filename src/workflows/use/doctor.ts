import { availableParallelism, freemem } from "node:os";
import { diagnoseStore } from "../../capabilities/stores/index.js";
import type { StoreCheck } from "../../foundation/contracts/store.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder } from "../locate-store.js";

export interface Diagnosis {
  readonly ok: boolean;
  readonly checks: readonly StoreCheck[];
}

const OLDEST_NODE = [20, 19] as const;
const LOW_MEMORY_BYTES = 2 ** 30;

/** Checks the machine and, where there is one, the whole store: every referenced byte is read and hashed. */
export async function examine(
  request: { readonly repair?: boolean } = {},
  options: WorkflowOptions = {},
): Promise<Diagnosis> {
  const folder = storeFolder(options);
  const machine = [checkNode(), checkMemory(), await checkEngine()];
  const store = await diagnoseStore(folder, {
    clock: workflowContext(options).clock,
    repair: request.repair ?? false,
  });
  const checks = [...machine, ...store];
  return { ok: checks.every((check) => check.ok || check.repaired === true), checks };
}

function checkNode(): StoreCheck {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const message = `Node ${process.versions.node}, ${process.platform}-${process.arch}, ${availableParallelism()} cores`;
  return {
    id: "node",
    ok,
    message: ok ? message : `${message}; Quern needs Node ${OLDEST_NODE.join(".")} or newer`,
  };
}

function checkMemory(): StoreCheck {
  const free = freemem();
  return {
    id: "memory",
    ok: free > LOW_MEMORY_BYTES,
    message: `${Math.round(free / 2 ** 20)} MiB of memory free`,
  };
}

/** Loads the native parts once: a broken installation shows here, not in the middle of a training. */
async function checkEngine(): Promise<StoreCheck> {
  try {
    const { createGraph, openSession } = await import("../../engines/onnx/index.js");
    const graph = createGraph({ name: "doctor" });
    graph.output("y", graph.op("Add", [graph.input("x", "float32", ["N", 1]), graph.scalar(1)]));
    const session = await openSession(graph.toBytes(), { threads: 1 });
    const { y } = await session.run({ x: { type: "float32", shape: [1, 1], data: Float32Array.of(1) } });
    await session.close();
    return { id: "onnxruntime", ok: y?.data[0] === 2, message: "onnxruntime runs a graph" };
  } catch (failure) {
    return {
      id: "onnxruntime",
      ok: false,
      message: `onnxruntime does not run: ${failure instanceof Error ? failure.message : String(failure)}`,
    };
  }
}
