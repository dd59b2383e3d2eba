import { readFileSync } from "node:fs";
import { builtFile } from "../../foundation/base/module-file.js";
import type { KernelMemory } from "./kernel-memory.js";

const compiled = new Map<string, WebAssembly.Module>();

/**
 * A kernel on the calling thread; its file is read and compiled once in a process. `Exports` says what the kernel's own
 * source exports, of which TypeScript knows nothing: the one place where that is taken on trust.
 */
export function createInstance<Exports extends object>(kernel: string, { memory }: KernelMemory): Exports {
  const module =
    compiled.get(kernel) ?? new WebAssembly.Module(readFileSync(builtFile(`engines/kernels/${kernel}.wasm`)));
  compiled.set(kernel, module);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}
