/** What a search knows of one family of learners: a trainer with something to tune. */
export interface Family {
  readonly id: string;
  /** Least loss so far; infinite where no trial of it has completed. */
  readonly best: number;
  /** Trials since the one that was its best. */
  readonly idle: number;
  /** Estimated seconds of each of its trials so far. */
  readonly seconds: readonly number[];
  /** Of one more trial, where there was none. */
  readonly expectedSeconds: number;
}

/**
 * How a family's share falls with its rank: half of the work goes to the best of ten families, a sixth to the next.
 * The best alone is not enough: an ensemble gains more from a second family that errs elsewhere, tuned as well, than
 * from the hundredth trial of the first.
 */
const SHARE_EXPONENT = 1.5;

/** After so many trials without a better one a family's share is half of what it was: there is little left to find. */
const PATIENCE = 20;

/**
 * The families of the next trials, so that the work already done and to be done comes to each family's share. A trial
 * counts by itself and by its time against the mean: cheap families cannot use up the trials, nor dear ones the time.
 * @param count trials, 1 or more
 */
export function takeTurns(families: readonly Family[], count: number): string[] {
  const ranked = families.toSorted((a, b) => a.best - b.best || (a.id < b.id ? -1 : 1));
  const all = ranked.flatMap(({ seconds }) => seconds);
  const mean = Math.max(1e-9, all.reduce((a, b) => a + b, 0) / Math.max(1, all.length));
  const workOf = (seconds: number): number => 1 + seconds / mean;
  const accounts = ranked.map(({ id, idle, seconds, expectedSeconds }, rank) => {
    const work = seconds.reduce((sum, each) => sum + workOf(each), 0);
    const next = seconds.length > 0 ? work / seconds.length : workOf(expectedSeconds);
    const share = (rank + 1) ** -SHARE_EXPONENT / (1 + idle / PATIENCE);
    return { id, work, next, share };
  });
  return Array.from({ length: count }, () => {
    const due = accounts.reduce((a, b) =>
      (b.work + b.next) / b.share < (a.work + a.next) / a.share ? b : a,
    );
    due.work += due.next;
    return due.id;
  });
}
