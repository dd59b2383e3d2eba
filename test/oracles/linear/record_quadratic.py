"""Records ridge regressions on standardised second-degree polynomials.

Run: python test/oracles/linear/record_quadratic.py   (scikit-learn 1.9.1, numpy 2.4)
"""
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

random = np.random.default_rng(8)
single = lambda a: np.asarray(a).astype(np.float32).astype(np.float64)
numbers = lambda a: [float(x) for x in np.asarray(a).ravel()]
X = single(random.normal(size=(60, 4)) * np.array([1, 2, 0.5, 1]) + np.array([0, 3, 0, -1]))
query = single(random.normal(size=(15, 4)))
y = X[:, 0] * X[:, 1] + X[:, 2] ** 2 - X[:, 3] + 0.2 * random.normal(size=60)
weights = random.uniform(0.2, 3, size=60)
cases = []
# 14 terms: 10 rows are fewer, 60 are more.
for rows, penalty, weighted in ((60, 0.1, False), (60, 0.01, True), (10, 0.1, False), (12, 1.0, True)):
    w = weights[:rows] / weights[:rows].mean() if weighted else None
    polynomial = PolynomialFeatures(2, include_bias=False)
    terms = polynomial.fit_transform(X[:rows])
    scaler = StandardScaler().fit(terms, sample_weight=w)
    model = Ridge(alpha=penalty * terms.shape[1], solver="cholesky").fit(scaler.transform(terms), y[:rows], sample_weight=w)
    cases.append(dict(rows=rows, penalty=penalty, weighted=weighted,
                      predictions=numbers(model.predict(scaler.transform(polynomial.transform(query))))))
Path(__file__).with_name("quadratic.json").write_text(json.dumps(dict(
    x=[numbers(r) for r in X], query=[numbers(r) for r in query], values=numbers(y), weights=numbers(weights),
    cases=cases)) + "\n")
