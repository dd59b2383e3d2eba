/** Whether a process of this host runs, be it another user's. Its number may have been given again since. */
export function processExists(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}
