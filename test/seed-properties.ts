import fc from "fast-check";

/**
 * Properties are tried on the same inputs in every run, so that a red test is the fault of the change beside it.
 * `npm run test:fuzz` tries new ones: what it finds becomes an example of the property's test.
 */
const FIXED_SEED = 1;

fc.configureGlobal({ seed: process.env.QUERN_FUZZ === "1" ? Date.now() | 0 : FIXED_SEED });
