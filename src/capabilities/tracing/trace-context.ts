/** W3C Trace Context (w3.org/TR/trace-context): whose trace a request belongs to. */

export interface TraceContext {
  readonly traceId: string;
  readonly parentId: string;
  readonly isSampled: boolean;
  /** Of other systems; passed on as it came. */
  readonly state: string | undefined;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAXIMUM_STATE = 512;

/** Nothing for a header that is missing or malformed: then a trace of our own begins. */
export function parseTraceparent(
  header: string | undefined,
  state: string | undefined,
): TraceContext | undefined {
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(header?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff" || /^0+$/.test(traceId!) || /^0+$/.test(parentId!)) {
    return undefined;
  }
  // Later versions may go on after what this one knows; this one may not.
  if (version === "00" && rest !== undefined) return undefined;
  return {
    ...{ traceId: traceId!, parentId: parentId! },
    isSampled: (Number.parseInt(flags!, 16) & 1) === 1,
    state: state !== undefined && state.length <= MAXIMUM_STATE ? state : undefined,
  };
}

/** The same decision for a trace wherever it is made: by its last 56 bits, as OpenTelemetry's consistent sampling has it. */
export function isTraceSampled(traceId: string, share: number): boolean {
  return Number.parseInt(traceId.slice(-14, -1), 16) < share * 16 ** 13;
}
