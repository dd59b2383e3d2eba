export { ANNOTATED_COLUMNS, isAnnotated } from "./annotated/annotated-folder.js";
export { readClassNames } from "./annotated/yolo.js";
export { CONLL_COLUMNS } from "./conll.js";
export { imageFileBytes, isImageFile, readImageFile } from "./image-file.js";
export { IMAGE_FOLDER_COLUMNS } from "./image-folder.js";
export { type LocatedFile, localFiles } from "./locate.js";
export { type OpenedSource, openSource, type SourceContext } from "./open-source.js";
