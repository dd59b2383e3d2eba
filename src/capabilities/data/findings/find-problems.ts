import type { Finder, FinderInput } from "../../../foundation/contracts/finder.js";
import { type Finding, SEVERITIES } from "../../../foundation/contracts/finding.js";
import { FINDERS } from "./finders/index.js";

export interface FindProblemsOptions {
  /** Default: every built-in finder. */
  readonly finders?: readonly Finder[];
  /** Settings by finder id. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The leaks a column can have; the first one found stands for all, for they have one cause. */
const LEAKS = ["post-outcome-time", "missing-predicts-target", "target-leak"];

/** Runs the finders; the gravest findings first, otherwise in the order of the finders. */
export function findProblems(input: FinderInput, options: FindProblemsOptions = {}): Finding[] {
  const { finders = FINDERS, config = {} } = options;
  const findings = finders.flatMap((finder) =>
    finder.find(input, finder.config.parse(config[finder.id] ?? {})),
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
