import { ELEMENT_CODES, type ElementType } from "../../../foundation/contracts/graph.js";
import type { TensorContent } from "../tensor-proto.js";

/** A tensor of a model file that no node has used as a value yet; its elements are read when they are wanted. */
export class FileTensor {
  /** In the file. */
  readonly name: string;
  /** TensorProto.DataType in the file. */
  readonly code: number;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** An initializer: what training may change. */
  readonly isWeight: boolean;
  readonly #read: () => TensorContent;

  constructor(header: Omit<FileTensor, "content" | "derive" | "asConstant">, read: () => TensorContent) {
    this.name = header.name;
    this.code = header.code;
    this.type = header.type;
    this.shape = header.shape;
    this.isWeight = header.isWeight;
    this.#read = read;
  }

  content(): TensorContent {
    return this.#read();
  }

  /** The same tensor as no weight. */
  asConstant(): FileTensor {
    return new FileTensor({ ...this, isWeight: false }, this.#read);
  }

  /** A tensor computed from this one, under its name, when it is wanted. */
  derive(type: ElementType, shape: readonly number[], compute: () => TensorContent["data"]): FileTensor {
    const { name, isWeight } = this;
    const header = { name, isWeight, type, shape, code: ELEMENT_CODES[type] };
    return new FileTensor(header, () => ({ type, shape, data: compute() }));
  }
}
