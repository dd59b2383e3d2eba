import type { Route } from "./route.js";

/** Longer names are no names; a path that holds one is unknown. */
const LONGEST_PARAMETER = 600;

/** Values of a path's parameters, by name. */
export type PathParameters = Readonly<Record<string, string>>;

/** What stands at the end of a path. */
interface Place {
  readonly routes: Map<string, Route>;
  readonly names: readonly string[];
}

/** One segment of the paths of the table. */
class Segment {
  readonly children = new Map<string, Segment>();
  parameter: Segment | undefined;
  place: Place | undefined;
}

export interface FoundPath {
  /** By method; HEAD where there is GET (RFC 9110, section 9.3.2). */
  readonly routes: ReadonlyMap<string, Route>;
  readonly parameters: PathParameters;
}

/** Finds the rows of the table by path. Fixed segments go before parameters. */
export class Router {
  readonly #root = new Segment();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  #add(route: Route): void {
    let segment = this.#root;
    const names: string[] = [];
    for (const part of segmentsOf(route.path)) {
      if (part.startsWith(":")) {
        names.push(part.slice(1));
        segment.parameter ??= new Segment();
        segment = segment.parameter;
      } else {
        const next = segment.children.get(part) ?? new Segment();
        segment.children.set(part, next);
        segment = next;
      }
    }
    segment.place ??= { routes: new Map(), names };
    segment.place.routes.set(route.method, route);
    if (route.method === "GET") segment.place.routes.set("HEAD", route);
  }

  /** @returns `undefined` for a path that the table does not have, among them those with escapes that mean nothing */
  find(path: string): FoundPath | undefined {
    if (!path.startsWith("/")) return undefined;
    const segments = segmentsOf(path);
    const values: string[] = [];
    const place = findPlace(this.#root, segments, 0, values);
    if (!place) return undefined;
    const parameters: Record<string, string> = {};
    for (let k = 0; k < values.length; k++) parameters[place.names[k]!] = values[k]!;
    return { routes: place.routes, parameters };
  }
}

const segmentsOf = (path: string): string[] => path.slice(1).split("/");

function findPlace(
  at: Segment,
  segments: readonly string[],
  depth: number,
  values: string[],
): Place | undefined {
  if (depth === segments.length) return at.place;
  const text = decoded(segments[depth]!);
  if (text === undefined) return undefined;
  const fixed = at.children.get(text);
  const found = fixed && findPlace(fixed, segments, depth + 1, values);
  if (found || !at.parameter || text === "" || text.length > LONGEST_PARAMETER) return found;
  values.push(text);
  const place = findPlace(at.parameter, segments, depth + 1, values);
  if (!place) values.pop();
  return place;
}

function decoded(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
