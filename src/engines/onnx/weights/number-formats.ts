/** Float32 from and to the 16-bit formats of IEEE 754 (binary16) and of bfloat16; rounding is to nearest, ties to even. */

export function widenHalf(halves: Uint16Array): Float32Array {
  const result = new Float32Array(halves.length);
  const bits = new Uint32Array(result.buffer);
  for (let index = 0; index < halves.length; index++) {
    const half = halves[index]!;
    const [sign, exponent, mantissa] = [(half & 0x8000) << 16, (half >>> 10) & 31, half & 1023];
    if (exponent === 0) {
      result[index] = mantissa * 2 ** -24;
      bits[index]! |= sign;
    } else {
      const rebased = exponent === 31 ? 255 : exponent + 112;
      bits[index] = sign | (rebased << 23) | (mantissa << 13);
    }
  }
  return result;
}

/** Beyond 65,504 becomes infinite. */
export function narrowToHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let index = 0; index < bits.length; index++) {
    const word = bits[index]!;
    result[index] = ((word >>> 16) & 0x8000) | halfMagnitude(word & 0x7fffffff, Math.abs(values[index]!));
  }
  return result;
}

/** The smallest float32 bits that are not a normal half, that round to infinity, that are infinite. */
const [NORMAL, OVERFLOW, INFINITE] = [0x38800000, 0x477ff000, 0x7f800000];

function halfMagnitude(bits: number, magnitude: number): number {
  if (bits > INFINITE) return 0x7e00;
  if (bits >= OVERFLOW) return 0x7c00;
  if (bits >= NORMAL) return (bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13;
  const units = magnitude * 2 ** 24;
  const below = Math.floor(units);
  const rest = units - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

export function widenBfloat16(words: Uint16Array): Float32Array {
  const result = new Float32Array(words.length);
  const bits = new Uint32Array(result.buffer);
  for (let index = 0; index < words.length; index++) bits[index] = words[index]! << 16;
  return result;
}

export function narrowToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let index = 0; index < bits.length; index++) {
    const word = bits[index]!;
    const isNan = (word & 0x7fffffff) > INFINITE;
    result[index] = isNan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return result;
}
