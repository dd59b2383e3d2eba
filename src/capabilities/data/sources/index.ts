export { type LocatedFile, localFiles } from "./locate.js";
export { type OpenedSource, openSource, type SourceContext } from "./open-source.js";
