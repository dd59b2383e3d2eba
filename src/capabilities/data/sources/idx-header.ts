/** Begins with 0, 0, the code of unsigned bytes, and 1 to 4 dimensions. */
export function isIdx(head: Uint8Array): boolean {
  return head[0] === 0 && head[1] === 0 && head[2] === 8 && head[3]! >= 1 && head[3]! <= 4;
}

/** What the file of labels is called that belongs to a file of images: `train-labels-idx1-ubyte`. */
export function labelsName(images: string): string {
  return images.replace(/images([-.]idx)\d/, "labels$11");
}
