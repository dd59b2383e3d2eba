/** Images in texts: names of files, data URIs (RFC 2397) and bare base64 (RFC 4648). */

/** Names of image files, by their endings. Those of formats that are not decoded are told so, one by one, instead of being passed over. */
export const IMAGE_FILE = /\.(jpe?g|jfif|png|webp|gif|pgm|ppm|tiff?|bmp|heic|heif|avif|jxl)$/i;

const DATA_URI = /^data:image\/[\w.+-]+(;[\w.+-]+=[^;,]*)*;base64,/i;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

export function isImageUri(text: string): boolean {
  return text.startsWith("data:") && DATA_URI.test(text.slice(0, 200));
}

/** The bytes of the file, undefined for a text that is neither a data URI of an image nor base64. */
export function imageBytes(text: string): Uint8Array | undefined {
  const encoded = isImageUri(text) ? text.slice(text.indexOf(",") + 1) : text;
  const plain = encoded.replace(/[\r\n\t ]/g, "");
  if (plain.length < 8 || !BASE64.test(plain)) return undefined;
  const standard = plain.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  const whole = standard.length % 4 === 0 ? standard : standard + "=".repeat(4 - (standard.length % 4));
  try {
    return Uint8Array.from(atob(whole), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** @param type of the file behind `image/`: "png", "x-portable-graymap" */
export function imageUri(bytes: Uint8Array, type: string): string {
  let text = "";
  // Arguments of one call are limited.
  for (let start = 0; start < bytes.length; start += 8192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return `data:image/${type};base64,${btoa(text)}`;
}
