/** Decoded pictures as rows carry them. */

export interface PictureSize {
  readonly height: number;
  readonly width: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: number;
}

/** Row-major [height, width, channels], 0 to 255, sRGB. */
export interface Picture extends PictureSize {
  readonly data: Uint8Array;
}

/** A picture as JSON holds it: the bytes in base64. */
export interface PictureJson extends PictureSize {
  readonly data: string;
}

export function pictureToJson({ data, ...size }: Picture): PictureJson {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return { ...size, data: btoa(text) };
}

/** The bytes of a `Picture` or `PictureJson` of just this size; `undefined` for anything else. */
export function parsePicture(value: unknown, size: PictureSize): Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { height, width, channels, data } = value as Partial<Record<keyof Picture, unknown>>;
  if (height !== size.height || width !== size.width || channels !== size.channels) return undefined;
  const bytes = data instanceof Uint8Array ? data : bytesOf(data);
  return bytes?.length === height * width * channels ? bytes : undefined;
}

function bytesOf(base64: unknown): Uint8Array | undefined {
  if (typeof base64 !== "string") return undefined;
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Whether the cell of a column shows a picture: where there is none it is 0 throughout. */
export function hasPicture(cell: Uint8Array): boolean {
  for (let at = 0; at < cell.length; at++) if (cell[at] !== 0) return true;
  return false;
}

/** As a cell of a column: a picture that is black throughout differs from none in its first value, by 1 of 255. */
export function pictureCell(data: Uint8Array): Uint8Array {
  if (hasPicture(data)) return data;
  const cell = Uint8Array.from(data);
  cell[0] = 1;
  return cell;
}

/** Stands in a row for an image that could not be read. */
export class UnreadablePicture {
  /** One clause. */
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}
