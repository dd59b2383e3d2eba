import type {
  AttributeProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from "../../src/engines/onnx/protobuf/messages.js";
import type { Random } from "../../src/foundation/base/random.js";

/** One to four of: a flipped bit, a random byte, a cut, a repeated part. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes.slice();
  for (let change = random.integer(4); change >= 0 && result.length > 0; change--) {
    const at = random.integer(result.length);
    const kind = random.integer(8);
    if (kind < 4) result[at]! ^= 1 << random.integer(8);
    else if (kind < 6) result[at] = random.integer(256);
    else if (kind < 7) result = result.slice(0, at);
    else result = Uint8Array.from([...result.slice(0, at), ...result.slice(random.integer(at + 1))]);
  }
  return result;
}

const ODD_INTEGERS = [
  0,
  1,
  -1,
  2,
  3,
  5,
  100,
  65_536,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 40,
  -(2 ** 53) + 1,
];
const ODD_NUMBERS = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  3e38,
  1e-45,
];

/** The model with one to three numbers, lists, wires or texts changed: well-formed, and often nonsense. */
export function nonsense(model: ModelProto, random: Random): ModelProto {
  const copy = structuredClone(model);
  const nodes = (copy.graph?.node ?? []) as NodeProto[];
  const tensors = (copy.graph?.initializer ?? []) as TensorProto[];
  for (let change = random.integer(3); change >= 0; change--) {
    const node = pick(nodes, random);
    const kind = random.integer(10);
    if (kind < 6 && node?.attribute?.length) changeAttribute(pick(node.attribute, random)!, random);
    else if (kind < 8 && tensors.length > 0) changeTensor(pick(tensors, random)!, random);
    else if (kind < 9 && node?.input) {
      const wires = [...node.input];
      const other = pick(nodes, random)!;
      wires[random.integer(wires.length)] = pick(
        [...(other.input ?? []), ...(other.output ?? []), ""],
        random,
      )!;
      node.input = wires;
    } else if (node?.attribute) {
      node.attribute = node.attribute.filter((_, index) => index !== random.integer(node.attribute!.length));
    }
  }
  return copy;
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[random.integer(Math.max(1, items.length))];
}

function changeAttribute(attribute: AttributeProto, random: Random): void {
  if (attribute.i !== undefined) attribute.i = BigInt(pick(ODD_INTEGERS, random)!);
  else if (attribute.f !== undefined) attribute.f = pick(ODD_NUMBERS, random)!;
  else if (attribute.ints)
    attribute.ints = changeList(attribute.ints, ODD_INTEGERS.map(BigInt), random) as BigInt64Array;
  else if (attribute.floats)
    attribute.floats = changeList(attribute.floats, ODD_NUMBERS, random) as Float32Array;
  else if (attribute.strings) {
    const order = random.permutation(attribute.strings.length);
    const strings = Array.from(order, (index) => attribute.strings![index]!);
    attribute.strings = random.integer(2) === 0 ? strings : strings.slice(1);
  } else if (attribute.s) attribute.s = attribute.s.subarray(0, random.integer(attribute.s.length + 1));
  else if (attribute.t) changeTensor(attribute.t, random);
}

function changeTensor(tensor: TensorProto, random: Random): void {
  const dims = [...(tensor.dims ?? [])];
  const kind = random.integer(4);
  if (kind === 0 && dims.length > 0) dims[random.integer(dims.length)] = pick(ODD_INTEGERS, random)!;
  else if (kind === 1) dims.push(1);
  else if (kind === 2 && tensor.int64Data) {
    tensor.int64Data = changeList(tensor.int64Data, ODD_INTEGERS.map(BigInt), random) as BigInt64Array;
  } else if (tensor.rawData && tensor.rawData.length > 0) {
    const bytes = new Uint8Array(tensor.rawData);
    const view = new DataView(bytes.buffer);
    // Whole elements, so that shapes and indices become odd rather than broken.
    if (tensor.dataType === 7)
      view.setBigInt64(8 * random.integer(bytes.length >> 3), BigInt(pick(ODD_INTEGERS, random)!), true);
    else bytes[random.integer(bytes.length)] = random.integer(256);
    tensor.rawData = bytes;
  }
  if (dims.length > 0) tensor.dims = dims;
}

function changeList(
  list: BigInt64Array | Float32Array,
  odd: readonly (bigint | number)[],
  random: Random,
): BigInt64Array | Float32Array {
  const items = Array.from(list as ArrayLike<bigint | number>);
  const kind = random.integer(6);
  if (kind === 0) items.pop();
  else if (kind === 1) items.push(pick(odd, random)!);
  else if (items.length > 0) {
    const other = items[random.integer(items.length)]!;
    items[random.integer(items.length)] = random.integer(2) === 0 ? pick(odd, random)! : other;
  }
  return list instanceof Float32Array
    ? Float32Array.from(items as number[])
    : BigInt64Array.from(items as bigint[]);
}
