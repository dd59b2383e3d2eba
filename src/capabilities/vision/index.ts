export { chooseImageFormat, type ImageFormatChoice } from "./choose-format.js";
export { createImageDecoder, DEFAULT_IMAGE_LIMITS, readImageHeader } from "./decode-image.js";
export { type ImportedDetectorOptions, importDetector } from "./imported-detector.js";
