"""Records expected profile statistics with pandas and SciPy: python3 record.py > expected.json

Columns are made by a formula that the test repeats, so no data is stored."""
import json
import math

import numpy as np
import pandas as pd
import scipy
from scipy import stats

ROWS = 997


def column(make):
    return [make(i) for i in range(ROWS)]


data = pd.DataFrame(
    {
        "wave": column(lambda i: math.sin(i * 12.9898) * 43.5),
        "tail": column(lambda i: (i * 7919 % 1009) ** 3 / 1000 + 1e6),
        "small": column(lambda i: i * 31 % 7),
        "gaps": column(lambda i: float("nan") if i % 11 == 0 else (i * 17 % 101) / 7),
        "related": column(lambda i: math.sin(i * 12.9898) * 43.5 * 2 + (i * 13 % 29)),
    }
)
letters = ["abcdef"[(i * i) % 6] for i in range(ROWS)]
words = ["uvwxyz"[((i * i) % 6 + (i % 3 == 0)) % 6] for i in range(ROWS)]


def number(series):
    q = series.quantile([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
    return {
        "count": int(series.count()),
        "missing": int(series.isna().sum()),
        "unique": int(series.nunique()),
        "min": series.min(),
        "max": series.max(),
        "mean": series.mean(),
        "standardDeviation": series.std(),
        "skewness": float(stats.skew(series.dropna(), bias=False)),
        "zeros": int((series == 0).sum()),
        "negative": int((series < 0).sum()),
        "quantiles": dict(zip(["p01", "p05", "p25", "p50", "p75", "p95", "p99"], q.tolist())),
        "top": [[v, int(c)] for v, c in series.value_counts().head(3).items()],
    }


def eta(codes, values):
    groups = [np.array([v for c, v in zip(codes, values) if c == g]) for g in sorted(set(codes))]
    every = np.concatenate(groups)
    between = sum(len(g) * (g.mean() - every.mean()) ** 2 for g in groups)
    total = ((every - every.mean()) ** 2).sum()
    n, k = len(every), len(groups)
    return math.sqrt(max(0, 1 - (1 - between / total) * (n - 1) / (n - k)))


def cramers_v(a, b):
    table = pd.crosstab(pd.Series(a), pd.Series(b)).to_numpy()
    chi2 = stats.chi2_contingency(table, correction=False)[0]
    n, (r, k) = table.sum(), table.shape
    phi2 = max(0, chi2 / n - (r - 1) * (k - 1) / (n - 1))
    rc, kc = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return math.sqrt(phi2 / min(rc - 1, kc - 1))


pairs = [("wave", "related"), ("tail", "wave"), ("gaps", "small"), ("small", "related")]
both = {p: data[list(p)].dropna() for p in pairs}
expected = {
    "made": f"pandas {pd.__version__}, SciPy {scipy.__version__}",
    "rows": ROWS,
    "columns": {name: number(data[name]) for name in data},
    "pearson": [[a, b, float(stats.pearsonr(f[a], f[b])[0])] for (a, b), f in both.items()],
    "spearman": [[a, b, float(stats.spearmanr(f[a], f[b])[0])] for (a, b), f in both.items()],
    "cramersV": cramers_v(letters, words),
    "correlationRatio": eta(letters, data["related"].tolist()),
    "chiSquareTail": [[x, k, float(stats.chi2.sf(x, k))] for x, k in [(0.5, 1), (3.84, 1), (30, 12), (200, 50), (900, 3)]],
    "kolmogorov": [
        [a, b, float(s.statistic), float(s.pvalue)]
        for a, b in [("wave", "related"), ("small", "gaps")]
        for s in [stats.ks_2samp(data[a].dropna(), data[b].dropna(), method="asymp")]
    ],
    "ranks": stats.rankdata([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]).tolist(),
}
print(json.dumps(expected, indent=1, default=float))
