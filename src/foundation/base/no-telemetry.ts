/**
 * Official builds of ONNX Runtime since 1.29 tell their maker of each process and of the models it opens, and leave an
 * identifier and logs in the folders for caches and temporary files, unless this variable is set before the runtime is
 * first used. What a user has set stays.
 *
 * Threads have a copy of the environment that native code does not see: whoever starts one that uses the runtime calls this
 * before. In browsers there is nothing to do.
 */
export function refuseTelemetry(): void {
  const environment = (globalThis as { readonly process?: NodeJS.Process }).process?.env;
  if (environment) environment.ORT_DISABLE_TELEMETRY ??= "1";
}
