/**
 * Tensors that lie in files beside the model (onnx: docs/ExternalData.md). Their places come from the model file,
 * so that each passes the path resolver: plain names of regular files inside the model's folder.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { resolveInside } from "../../../foundation/base/path-resolver.js";
import type { TensorProto } from "../protobuf/messages.js";
import { malformedModel, quoted } from "./limits.js";

export interface ExternalData {
  /** Exactly `bytes` bytes of the tensor. @throws QuernError MODEL_REFUSED, PATH_REFUSED */
  read(tensor: TensorProto, bytes: number): Uint8Array;
}

/** A read or write of more than this fails on some systems. */
const CHUNK_BYTES = 2 ** 30;

export function externalDataIn(folder: string): ExternalData {
  return {
    read(tensor, bytes) {
      const { location, offset, length } = placeOf(tensor);
      if (length !== undefined && length !== bytes) {
        malformedModel(`the tensor ${quoted(tensor.name)} has ${length} bytes outside instead of ${bytes}`);
      }
      const file = openSync(resolveInside(folder, location), "r");
      try {
        if (offset + bytes > fstatSync(file).size) {
          malformedModel(`the tensor ${quoted(tensor.name)} lies beyond the end of ${quoted(location)}`);
        }
        return readRange(file, offset, bytes);
      } finally {
        closeSync(file);
      }
    },
  };
}

function readRange(file: number, offset: number, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes);
  for (let done = 0; done < bytes; ) {
    const read = readSync(file, result, done, Math.min(CHUNK_BYTES, bytes - done), offset + done);
    if (read === 0) malformedModel("a file beside the model became shorter while it was read");
    done += read;
  }
  return result;
}

function placeOf({ name, externalData = [] }: TensorProto): {
  location: string;
  offset: number;
  length: number | undefined;
} {
  const entries = new Map(externalData.map(({ key = "", value = "" }) => [key, value]));
  const location = entries.get("location") ?? malformedModel(`the tensor ${quoted(name)} is nowhere`);
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return Number.isNaN(value)
      ? malformedModel(`the ${key} of the tensor ${quoted(name)} is no size`)
      : value;
  };
  return { location, offset: number("offset") ?? 0, length: number("length") };
}
