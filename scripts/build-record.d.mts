/** A part of what is built; the functions list files as they are when asked. */
export interface Part {
  readonly name: string;
  readonly inputs: () => readonly string[];
  readonly outputs: () => readonly string[];
  readonly build: () => void | Promise<void>;
}

export declare function filesUnder(path: string): string[];
export declare function buildPart(record: string, part: Part): Promise<void>;
