// A member of a kernel team: instantiates the module over the shared memory and runs calls one by one.
import { parentPort, workerData } from "node:worker_threads";
import type { KernelCall, KernelReply, KernelWorkerData } from "./kernel-team.js";

const port = parentPort!;
const { module, memory, index } = workerData as KernelWorkerData;
const reply = (message: KernelReply) => port.postMessage(message);

const instance = new WebAssembly.Instance(module, {
  env: {
    memory,
    report: (iteration: number, loss: number) => reply({ kind: "report", iteration, loss }),
    publish: (item: number, part: number, address: number, length: number) => {
      const bytes = new Uint8Array(memory.buffer, address >>> 0, length).slice();
      port.postMessage({ kind: "data", item, part, bytes } satisfies KernelReply, [bytes.buffer]);
    },
  },
});
const exported = instance.exports as Record<string, unknown>;

function run({ name, settings }: KernelCall): void {
  for (const [setting, value] of Object.entries(settings)) {
    const global = exported[setting];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`The kernel has no setting ${setting}.`);
    global.value = value;
  }
  const call = exported[name];
  if (typeof call !== "function") throw new Error(`The kernel has no function ${name}.`);
  call(index);
}

port.on("message", (call: KernelCall) => {
  try {
    run(call);
    reply({ kind: "done" });
  } catch (error) {
    reply({
      kind: "failed",
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
reply({ kind: "done" });
