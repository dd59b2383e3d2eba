export { type OpenedSource, openSource, type SourceContext } from "./open-source.js";
