/** Floats of 8 bits as numbers (OCP 8-bit floating point, 2023; the FNUZ forms as ONNX has them). */

/** How a format divides its bits, and which codes are no numbers. */
interface Format {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** `ieee`: the highest exponent is infinity or NaN. Otherwise the only code that is NaN. */
  readonly special: "ieee" | ((magnitude: number, isNegative: boolean) => boolean);
}

const isNegativeZero = (magnitude: number, isNegative: boolean) => magnitude === 0 && isNegative;

/** By TensorProto.DataType: FLOAT8E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ. */
const FORMATS: Readonly<Record<number, Format>> = {
  17: { exponentBits: 4, mantissaBits: 3, bias: 7, special: (magnitude) => magnitude === 0x7f },
  18: { exponentBits: 4, mantissaBits: 3, bias: 8, special: isNegativeZero },
  19: { exponentBits: 5, mantissaBits: 2, bias: 15, special: "ieee" },
  20: { exponentBits: 5, mantissaBits: 2, bias: 16, special: isNegativeZero },
};

function decode(bits: number, { exponentBits, mantissaBits, bias, special }: Format): number {
  const isNegative = bits >= 0x80;
  const magnitude = bits & 0x7f;
  const exponent = magnitude >>> mantissaBits;
  const mantissa = magnitude & (2 ** mantissaBits - 1);
  const sign = isNegative ? -1 : 1;
  if (special !== "ieee") {
    if (special(magnitude, isNegative)) return Number.NaN;
  } else if (exponent === 2 ** exponentBits - 1) {
    return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  const scale = 2 ** (Math.max(exponent, 1) - bias - mantissaBits);
  return sign * (mantissa + (exponent === 0 ? 0 : 2 ** mantissaBits)) * scale;
}

/** @param code TensorProto.DataType 17 to 20 */
export function widenFloat8(bits: ArrayLike<number>, code: number): Float32Array {
  const format = FORMATS[code]!;
  const values = Float32Array.from({ length: 256 }, (_, byte) => decode(byte, format));
  return Float32Array.from({ length: bits.length }, (_, index) => values[bits[index]! & 0xff]!);
}
