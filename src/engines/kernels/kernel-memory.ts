import { QuernError } from "../../foundation/base/errors.js";

const PAGE_BYTES = 65536;
/** 32-bit addresses. */
const MAX_PAGES = 65536;
/** Static data of the kernels lies below. */
const FIRST_ADDRESS = PAGE_BYTES;
const ALIGNMENT = 64;

/** Hands out stretches of a shared WebAssembly memory, in a stack. Contents are not cleared. */
export class KernelMemory {
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: MAX_PAGES, shared: true });
  #top = FIRST_ADDRESS;

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Forgets every allocation. */
  reset(): void {
    this.#top = FIRST_ADDRESS;
  }

  /** The current end of the stack, to be given to `release`. */
  mark(): number {
    return this.#top;
  }

  /** Frees what was allocated since `mark`. */
  release(mark: number): void {
    this.#top = mark;
  }

  /**
   * An address, aligned to 64 bytes; 64 bytes beyond the end may be read and written as well (vector tails).
   * @throws QuernError OUT_OF_MEMORY beyond 4 GiB.
   */
  allocate(bytes: number): number {
    const address = this.#top;
    const end = Math.ceil((address + bytes + ALIGNMENT) / ALIGNMENT) * ALIGNMENT;
    const pages = Math.ceil(end / PAGE_BYTES);
    const missing = pages - this.memory.buffer.byteLength / PAGE_BYTES;
    if (pages > MAX_PAGES || (missing > 0 && !this.#grow(missing))) {
      const needed = Math.ceil(end / 2 ** 20);
      throw new QuernError(
        "OUT_OF_MEMORY",
        `Training needs at least ${needed} MiB in one memory of 4096 MiB.`,
        {
          details: { neededMiB: needed, limitMiB: 4096 },
        },
      );
    }
    this.#top = end;
    return address;
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  /** Views are valid for as long as the stretch is allocated, also after the memory has grown. */
  float32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }
  float64(address: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, length);
  }
  int32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }
  uint32(address: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, length);
  }
  uint8(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }
}
