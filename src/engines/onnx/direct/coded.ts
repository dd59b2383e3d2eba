/** Ops between texts and numbers. */
import {
  integerOf,
  numbersOf,
  type Slot,
  type Step,
  type StepCall,
  type StepMaker,
  textOf,
  textsOf,
} from "./slot.js";

function keysOf(call: StepCall, isText: boolean): readonly (string | number)[] | undefined {
  if (isText) return textsOf(call, "keys_strings") ?? textsOf(call, "keys_tensor");
  return numbersOf(call, "keys_int64s") ?? numbersOf(call, "keys_floats") ?? numbersOf(call, "keys_tensor");
}

/** Map takes NaN for equal to NaN, as the runtime does. */
const labelEncoder: StepMaker = (call) => {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  const keys = keysOf(call, input.type === "string");
  const read = (input.type === "string" ? input.texts : input.numbers) as ArrayLike<string | number>;
  if (output.type === "string") {
    const values = textsOf(call, "values_strings") ?? textsOf(call, "values_tensor");
    const fallback = textsOf(call, "default_tensor")?.[0] ?? textOf(call, "default_string", "_Unused");
    return keys && values && encodeStep(read, tableOf(keys, values), fallback, output.texts, output.length);
  }
  const values =
    numbersOf(call, "values_floats") ?? numbersOf(call, "values_int64s") ?? numbersOf(call, "values_tensor");
  return (
    keys &&
    values &&
    encodeStep(read, tableOf(keys, values), defaultNumber(call, output), output.numbers, output.length)
  );
};

function tableOf<T>(keys: readonly (string | number)[], values: readonly T[]): Map<string | number, T> {
  const table = new Map<string | number, T>();
  for (const [k, key] of keys.entries()) if (!table.has(key)) table.set(key, values[k]!);
  return table;
}

function defaultNumber(call: StepCall, output: Slot): number {
  const tensor = numbersOf(call, "default_tensor")?.[0];
  if (tensor !== undefined) return tensor;
  const value = call.attributes.default_float;
  if (output.type === "int64") return integerOf(call, "default_int64", -1);
  return value && "float" in value ? value.float : -0;
}

function encodeStep<T>(
  read: ArrayLike<string | number>,
  table: ReadonlyMap<string | number, T>,
  fallback: T,
  to: { [index: number]: T },
  length: number,
): Step {
  return () => {
    for (let k = 0; k < length; k++) to[k] = table.get(read[k]!) ?? fallback;
  };
}

const oneHotEncoder: StepMaker = (call) => {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  const isText = input.type === "string";
  const categories = isText ? textsOf(call, "cats_strings") : numbersOf(call, "cats_int64s");
  // Otherwise an unknown category is an error of the whole batch.
  if (!categories || integerOf(call, "zeros", 1) !== 1) return undefined;
  const places = tableOf(categories, Array.from(categories.keys()));
  const width = categories.length;
  const to = output.numbers;
  return () => {
    to.fill(0);
    for (let k = 0; k < input.length; k++) {
      const place = places.get(isText ? input.texts[k]! : Math.trunc(input.numbers[k]!));
      if (place !== undefined) to[k * width + place] = 1;
    }
  };
};

export const CODED: Readonly<Record<string, StepMaker>> = {
  LabelEncoder: labelEncoder,
  OneHotEncoder: oneHotEncoder,
};
