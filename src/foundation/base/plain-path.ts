/** File names that come from bundles, requests and archives. Pure: also used in a browser. */
const FORBIDDEN = /[\\%\0]|^[a-zA-Z]:/;

/**
 * A relative path in the one spelling every system reads alike: parts separated by `/`, none empty, `.` or
 * `..`, without backslash, percent sign, NUL or drive letter.
 */
export function isPlainPath(name: string): boolean {
  return (
    !FORBIDDEN.test(name) && name.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}
