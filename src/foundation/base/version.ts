/** Equal to `version` in package.json; a test keeps them so. */
export const QUERN_VERSION = "0.1.0";
