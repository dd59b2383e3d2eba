import type { Detector, DetectorInput } from "../../../foundation/contracts/detector.js";
import { type Finding, SEVERITIES } from "../../../foundation/contracts/finding.js";
import { DETECTORS } from "./detectors/index.js";

export interface FindProblemsOptions {
  /** Default: every built-in detector. */
  readonly detectors?: readonly Detector[];
  /** Settings by detector id. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The leaks a column can have; the first one found stands for all, for they have one cause. */
const LEAKS = ["post-outcome-time", "missing-predicts-target", "target-leak"];

/** Runs the detectors; the gravest findings first, otherwise in the order of the detectors. */
export function findProblems(input: DetectorInput, options: FindProblemsOptions = {}): Finding[] {
  const { detectors = DETECTORS, config = {} } = options;
  const findings = detectors.flatMap((detector) =>
    detector.detect(input, detector.config.parse(config[detector.id] ?? {})),
  );
  const rank = (finding: Finding): number => SEVERITIES.indexOf(finding.severity);
  return withoutRepeatedLeaks(findings).sort((a, b) => rank(a) - rank(b));
}

function withoutRepeatedLeaks(findings: readonly Finding[]): Finding[] {
  const critical = findings.filter((finding) => finding.severity === "critical");
  const cause = (column: string): string | undefined =>
    LEAKS.find((id) => critical.some((finding) => finding.id === id && finding.column === column));
  return findings.filter((finding) => {
    if (finding.column === undefined || !LEAKS.includes(finding.id)) return true;
    const strongest = cause(finding.column);
    return strongest === undefined || strongest === finding.id;
  });
}
