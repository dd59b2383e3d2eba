"""Records what scikit-learn computes for the transforms both have. Run: python record.py > expected.json

Inputs are float32 values, so that both sides start from the same numbers; outputs are float64.
scikit-learn's version is in the result.
"""
import json
import sys

import numpy as np
import sklearn
from scipy import stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.decomposition import PCA
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import chi2, f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso
from sklearn.metrics import mutual_info_score
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

random = np.random.default_rng(7)
ROWS = 120


def floats(values):
    return np.asarray(values, dtype=np.float32).astype(np.float64)


matrix = floats(
    np.column_stack(
        [
            random.lognormal(1, 1.2, ROWS),
            random.normal(-3, 2, ROWS),
            1e6 + random.normal(0, 1, ROWS).round(1),
            -random.gamma(0.7, 3, ROWS),
        ]
    )
)
holes = matrix.copy()
holes[random.random(matrix.shape) < 0.15] = np.nan
counts = random.integers(0, 6, ROWS).astype(float)
holed_counts = counts.copy()
holed_counts[::9] = np.nan
cities = random.choice(["Paris", "Köln", "北京", "Oslo", "Lima"], ROWS, p=[0.4, 0.3, 0.15, 0.1, 0.05])
number = floats(matrix[:, 1] * 2 + random.normal(0, 1, ROWS) + (cities == "Paris"))
label = np.digitize(number, [-8, -3]).tolist()
binary = (number > -5).astype(int).tolist()
texts = [
    "the quick brown fox",
    "the lazy dog and the quick cat",
    "a brown dog",
    "",
    "cat cat cat fox",
    "naïve café größe",
    "quick quick brown cat",
]


def table(array):
    return np.asarray(array, dtype=float).tolist()


def fit(transformer, data=matrix, target=None):
    return table(transformer.fit(data, target).transform(data))


def target_encoding(smooth, target, kind):
    encoder = TargetEncoder(smooth=smooth, target_type=kind).fit(cities.reshape(-1, 1), target)
    return table(encoder.transform(cities.reshape(-1, 1)))


def power():
    transformer = PowerTransformer().fit(matrix)
    return {"lambdas": table(transformer.lambdas_), "values": table(transformer.transform(matrix))}


def bins(strategy):
    settings = {"quantile_method": "linear"} if strategy == "quantile" else {}
    return fit(KBinsDiscretizer(n_bins=6, encode="ordinal", strategy=strategy, subsample=None, **settings))


def text_weights(**settings):
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\b\w\w+\b", **settings)
    values = vectorizer.fit_transform(texts).toarray()
    return {"terms": vectorizer.get_feature_names_out().tolist(), "values": table(values)}


def lasso_weights():
    scaled = matrix - matrix.mean(axis=0)
    scaled /= np.linalg.norm(scaled, axis=0)
    centered = number - number.mean()
    largest = np.abs(scaled.T @ centered).max()
    model = Lasso(alpha=0.1 * largest / ROWS, fit_intercept=False, tol=1e-14, max_iter=100000)
    return table(model.fit(scaled, centered).coef_)


# Scores lose digits in scikit-learn where a mean is large.
near = matrix - [0, 0, 1e6, 0]
lda = LinearDiscriminantAnalysis(solver="svd").fit(matrix, label)
expected = {
    "scikitLearn": sklearn.__version__,
    "matrix": table(matrix),
    "holes": [[None if np.isnan(x) else x for x in row] for row in holes.tolist()],
    "cities": cities.tolist(),
    "counts": counts.tolist(),
    "number": number.tolist(),
    "label": label,
    "binary": binary,
    "texts": texts,
    "impute": {
        strategy: fit(SimpleImputer(strategy=name), holes)
        for strategy, name in [("mean", "mean"), ("median", "median"), ("mode", "most_frequent")]
    },
    "standard": fit(StandardScaler()),
    "robust": fit(RobustScaler()),
    "minMax": fit(MinMaxScaler(feature_range=(-1, 2))),
    "quantile": {
        output: fit(QuantileTransformer(n_quantiles=40, output_distribution=output))
        for output in ["uniform", "normal"]
    },
    "yeoJohnson": power(),
    "bin": {strategy: bins(strategy) for strategy in ["quantile", "uniform"]},
    "oneHot": fit(OneHotEncoder(sparse_output=False), cities.reshape(-1, 1)),
    "ordinal": fit(OrdinalEncoder(), cities.reshape(-1, 1)),
    "targetEncode": {
        "regressionAuto": target_encoding("auto", number, "continuous"),
        "regression5": target_encoding(5.0, number, "continuous"),
        "binary5": target_encoding(5.0, binary, "binary"),
        "multiclass5": target_encoding(5.0, label, "multiclass"),
        "multiclassAuto": target_encoding("auto", label, "multiclass"),
    },
    "tfidf": {
        "words": text_weights(),
        "pairs": text_weights(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        "plain": text_weights(use_idf=False, norm=None),
    },
    "hash": table(
        FeatureHasher(n_features=16, input_type="string").transform([t.split() for t in texts]).toarray()
    ),
    "pca": {
        "plain": fit(PCA(n_components=3, svd_solver="full")),
        "whiten": fit(PCA(n_components=2, whiten=True, svd_solver="full")),
    },
    "lda": table(lda.transform(matrix)),
    "scores": {
        "fClasses": table(f_classif(near, label)[0]),
        "fNumber": table(f_regression(near, number)[0]),
        "chiSquare": table(chi2(np.abs(near), label)[0]),
        "mutualInformation": mutual_info_score(counts.astype(int), label),
        "variance": table(near.var(axis=0)),
        "lasso": lasso_weights(),
    },
    "normalQuantile": [[p, float(stats.norm.ppf(p))] for p in [1e-7, 1e-4, 0.01, 0.0749, 0.0751, 0.3, 0.5, 0.9, 0.99999]],
}
json.dump(expected, sys.stdout, ensure_ascii=False)
