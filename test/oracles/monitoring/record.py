"""Records two-sample tests, distances (SciPy) and adjusted p values (statsmodels).

Run: python test/oracles/monitoring/record.py
"""
import json
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy import stats
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.multitest import multipletests

HERE = Path(__file__).parent
rng = np.random.default_rng(5)
flat = lambda a: [float(x) for x in np.asarray(a).ravel()]


def kolmogorov(first, second):
    exact = stats.ks_2samp(first, second, method="exact")
    return {
        "first": flat(first),
        "second": flat(second),
        "distance": exact.statistic,
        "exact": exact.pvalue,
        "wasserstein": stats.wasserstein_distance(first, second),
    }


def counts(first, second):
    table = np.array([first, second])
    used = table[:, table.sum(axis=0) > 0]
    pearson = stats.chi2_contingency(used, correction=False)
    ratio = stats.chi2_contingency(used, correction=False, lambda_="log-likelihood")
    p, q = (np.maximum(np.array(side) / sum(side), 1e-4) for side in (first, second))
    return {
        "first": first,
        "second": second,
        "pearson": [pearson.statistic, pearson.pvalue, pearson.dof],
        "likelihoodRatio": [ratio.statistic, ratio.pvalue],
        "jensenShannon": jensenshannon(first, second, base=2),
        "totalVariation": float(np.abs(np.array(first) / sum(first) - np.array(second) / sum(second)).sum() / 2),
        "psi": float(((q - p) * np.log(q / p)).sum()),
    }


def fisher(a, n, b, m):
    return {"arguments": [a, n, b, m], "pValue": stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue}


def beta_binomial(hits, trials, a, b):
    return {"arguments": [hits, trials, a, b], "tail": float(stats.betabinom.sf(hits - 1, trials, a, b))}


normal = lambda size, mean=0.0: np.round(rng.normal(mean, 1, size), 6)
p_values = [0.001, 0.04, 0.03, 0.2, 0.0005, 0.9, 0.012, 0.012]
document = {
    "versions": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__},
    "kolmogorov": [
        kolmogorov(normal(7), normal(9)),
        kolmogorov(normal(50), normal(80, 0.3)),
        kolmogorov(normal(40), normal(60, 3.0)),
        kolmogorov(normal(30), np.round(normal(45), 0)),
        kolmogorov(normal(5), normal(200, 1.0)),
    ],
    "asymptotic": [
        {"distance": d, "first": n, "second": m, "pValue": float(stats.kstwobign.sf(d * np.sqrt(n * m / (n + m))))}
        for d, n, m in [(0.02, 10000, 10000), (0.05, 2000, 9000), (0.08, 2000, 20000)]
    ],
    "counts": [
        counts([30, 50, 20], [25, 45, 40]),
        counts([300, 0, 200, 7], [250, 0, 180, 40]),
        counts([10, 90], [30, 70]),
        counts([1000, 2000, 3000, 10], [1100, 1900, 3100, 0]),
    ],
    "fisher": [
        fisher(3, 50, 12, 60),
        fisher(0, 50, 30, 10000),
        fisher(5, 200, 260, 10000),
        fisher(900, 1000, 8000, 10000),
        fisher(0, 40, 0, 90),
    ],
    "betaBinomial": [
        beta_binomial(1, 50, 2, 999),
        beta_binomial(4, 2000, 2, 999),
        beta_binomial(60, 100, 3, 5),
        beta_binomial(30, 100000, 2, 99999),
    ],
    "adjusted": {
        "pValues": p_values,
        "holm": flat(multipletests(p_values, method="holm")[1]),
        "falseDiscovery": flat(multipletests(p_values, method="fdr_bh")[1]),
    },
}
(HERE / "statistics.json").write_text(json.dumps(document, indent=1) + "\n")
