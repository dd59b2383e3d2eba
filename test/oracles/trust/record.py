"""Records label errors (cleanlab), conformal prediction (MAPIE), fairness figures (fairlearn) and tests (SciPy).

Run: python test/oracles/trust/record.py   (cleanlab 2.9.0, MAPIE 1.6.0, fairlearn 0.15.0, SciPy 1.17.1, scikit-learn 1.9.1)
"""
import json
import warnings
from pathlib import Path

import numpy as np
from cleanlab.count import compute_confident_joint, estimate_latent, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from fairlearn import metrics as fair
from mapie.classification import SplitConformalClassifier
from mapie.regression import ConformalizedQuantileRegressor, CrossConformalRegressor, SplitConformalRegressor
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
single = lambda a: np.asarray(a).astype(np.float32).astype(np.float64)
flat = lambda a, digits=None: [float(x) if digits is None else round(float(x), digits) for x in np.asarray(a).ravel()]
whole = lambda a: [int(x) for x in np.asarray(a).ravel()]


def short(p):
    """Probabilities of five decimals that sum to 1."""
    p = np.asarray(p).round(5)
    p[:, -1] = (1 - p[:, :-1].sum(axis=1)).round(5)
    return np.abs(p)


def write(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


# ---- label errors ---------------------------------------------------------------------------------------------

def label_case(name, x, y, classes, model, noise, seed):
    random = np.random.default_rng(seed)
    given = y.copy()
    wrong = random.random(len(y)) < noise
    given[wrong] = (given[wrong] + random.integers(1, classes, size=wrong.sum())) % classes
    p = short(cross_val_predict(model, x, given, cv=5, method="predict_proba"))
    joint = compute_confident_joint(given, p, calibrate=False)
    calibrated = compute_confident_joint(given, p, calibrate=True)
    prior, noise_matrix, inverse = estimate_latent(calibrated, given)
    filters = {f: whole(np.flatnonzero(find_label_issues(given, p, filter_by=f, n_jobs=1)))
               for f in ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning")}
    ranked = {r: whole(find_label_issues(given, p, return_indices_ranked_by=r, n_jobs=1))
              for r in ("self_confidence", "normalized_margin")}
    scores = {r: flat(get_label_quality_scores(given, p, method=r), 8) for r in ("self_confidence", "normalized_margin")}
    return dict(name=name, classes=classes, labels=whole(given), planted=whole(np.flatnonzero(wrong)), probabilities=flat(p, 5),
                thresholds=flat(get_confident_thresholds(given, p)), joint=whole(joint), calibrated=whole(calibrated),
                noiseMatrix=flat(noise_matrix), inverseNoiseMatrix=flat(inverse), filters=filters, ranked=ranked, scores=scores)


iris = load_iris()
xb, yb = make_classification(400, 8, n_informative=5, class_sep=1.2, weights=[0.7], flip_y=0, random_state=3)
xm, ym = make_classification(500, 10, n_informative=7, n_classes=5, n_clusters_per_class=1, class_sep=1.4, flip_y=0, random_state=5)
write("label-errors.json", [
    label_case("iris", iris.data, iris.target, 3, LogisticRegression(max_iter=500), 0.1, 1),
    label_case("binary", xb, yb, 2, LogisticRegression(max_iter=500), 0.12, 2),
    label_case("five classes", xm, ym, 5, LogisticRegression(max_iter=500), 0.15, 3),
    label_case("overconfident", xm, ym, 5, GaussianNB(), 0.2, 4),
])

# ---- conformal prediction -------------------------------------------------------------------------------------

class GivenProbabilities(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose features are its probabilities."""
    def __init__(self, classes): self.classes = classes
    def fit(self, x, y): return self
    def __sklearn_is_fitted__(self): return True
    @property
    def classes_(self): return np.arange(self.classes)
    n_features_in_ = property(lambda self: self.classes)
    def predict_proba(self, x): return np.asarray(x)
    def predict(self, x): return np.argmax(x, axis=1)


class GivenValues(RegressorMixin, BaseEstimator):
    """A fitted regressor whose first feature is its prediction."""
    n_features_in_ = 2
    def fit(self, x, y): return self
    def __sklearn_is_fitted__(self): return True
    def predict(self, x): return np.asarray(x)[:, 0]


random = np.random.default_rng(7)
scores = random.normal(size=(320, 4)) * 1.3
p4 = np.exp(scores); p4 = short(p4 / p4.sum(axis=1, keepdims=True))
y4 = np.array([random.choice(4, p=row) for row in p4])
sets = []
for score in ("lac", "aps", "raps"):
    for level in (0.8, 0.9, 0.95):
        model = SplitConformalClassifier(GivenProbabilities(4), confidence_level=level, conformity_score=score, prefit=True, random_state=0)
        model.conformalize(p4[:200], y4[:200])
        inner = model._mapie_classifier
        _, chosen = model.predict_set(p4[200:], conformity_score_params={} if score == "lac" else {"include_last_label": False})
        entry = dict(score=score, level=level, quantile=float(np.ravel(inner.conformity_score_function_.quantiles_)[0]),
                     scores=flat(inner.conformity_scores_), sets=whole(chosen[:, :, 0]))
        if score == "raps":
            function = inner.conformity_score_function_
            entry.update(penalty=float(np.ravel(function.lambda_star)[0]), rank=int(np.ravel(function.k_star)[0]))
        sets.append(entry)
uniforms = np.random.RandomState(0).uniform(size=200)

n = 150
x1 = random.uniform(-3, 3, size=(n + 60, 1))
yr = np.sin(x1[:, 0]) * 3 + random.normal(size=n + 60) * (0.3 + 0.3 * np.abs(x1[:, 0]))
prediction = np.sin(x1[:, 0]) * 2.7
columns = np.column_stack([prediction, x1[:, 0]])
intervals = []
for level in (0.8, 0.9, 0.95):
    model = SplitConformalRegressor(GivenValues(), confidence_level=level, prefit=True)
    model.conformalize(columns[:n], yr[:n])
    _, bounds = model.predict_interval(columns[n:])
    intervals.append(dict(level=level, bounds=flat(bounds[:, :, 0])))


class Line(RegressorMixin, BaseEstimator):
    def fit(self, x, y):
        self.coefficients_ = np.polyfit(np.asarray(x)[:, 1], y, 3)
        return self
    def predict(self, x): return np.polyval(self.coefficients_, np.asarray(x)[:, 1])


folds = list(KFold(5, shuffle=True, random_state=2).split(columns[:n]))
fold_of = np.empty(n, int)
out_of_fold = np.empty(n)
fold_predictions = []
for k, (train, test) in enumerate(folds):
    fold_of[test] = k
    fitted = Line().fit(columns[train], yr[train])
    out_of_fold[test] = fitted.predict(columns[test])
    fold_predictions.append(flat(fitted.predict(columns[n:])))
cross = []
for level in (0.8, 0.9, 0.95):
    model = CrossConformalRegressor(Line(), confidence_level=level, method="plus", cv=KFold(5, shuffle=True, random_state=2))
    model.fit_conformalize(columns[:n], yr[:n])
    _, bounds = model.predict_interval(columns[n:])
    cross.append(dict(level=level, bounds=flat(bounds[:, :, 0])))

write("conformal.json", dict(
    classification=dict(classes=4, calibration=200, labels=whole(y4), probabilities=flat(p4, 5), uniforms=flat(uniforms), sets=sets),
    regression=dict(calibration=n, actual=flat(yr), predicted=flat(prediction), intervals=intervals,
                    cross=dict(folds=whole(fold_of), outOfFold=flat(out_of_fold), foldPredictions=fold_predictions, results=cross)),
))

# ---- fairness -------------------------------------------------------------------------------------------------

rows = 600
groups = random.choice(["a", "b", "c"], size=rows, p=[0.5, 0.3, 0.2])
share = single(np.clip(random.beta(2, 2, size=rows) + 0.12 * (groups == "a") - 0.1 * (groups == "c"), 0.01, 0.99))
actual = (random.random(rows) < np.clip(share + 0.05 * (groups == "b"), 0, 1)).astype(int)
decided = (share >= 0.5).astype(int)
frame = fair.MetricFrame(metrics=dict(selection=fair.selection_rate, truePositive=fair.true_positive_rate,
                                      falsePositive=fair.false_positive_rate,
                                      precision=lambda t, p: float(t[p == 1].mean())),
                         y_true=actual, y_pred=decided, sensitive_features=groups)
write("fairness.json", dict(
    groups=list(map(str, groups)), probabilities=flat(share), actual=whole(actual),
    byGroup={g: {m: float(frame.by_group.loc[g, m]) for m in frame.by_group.columns} for g in ("a", "b", "c")},
    demographicParityDifference=float(fair.demographic_parity_difference(actual, decided, sensitive_features=groups)),
    demographicParityRatio=float(fair.demographic_parity_ratio(actual, decided, sensitive_features=groups)),
    equalizedOddsDifference=float(fair.equalized_odds_difference(actual, decided, sensitive_features=groups)),
    equalizedOddsRatio=float(fair.equalized_odds_ratio(actual, decided, sensitive_features=groups)),
    equalOpportunityDifference=float(fair.equal_opportunity_difference(actual, decided, sensitive_features=groups)),
))

# ---- tests and distributions ----------------------------------------------------------------------------------

def delong(y, a, b):
    """DeLong, DeLong and Clarke-Pearson (1988), by the definition."""
    pos, neg = y == 1, y == 0
    parts = []
    for s in (a, b):
        kernel = (s[pos][:, None] > s[neg][None, :]) + 0.5 * (s[pos][:, None] == s[neg][None, :])
        parts.append((kernel.mean(), kernel.mean(axis=1), kernel.mean(axis=0)))
    s10 = np.cov([parts[0][1], parts[1][1]]); s01 = np.cov([parts[0][2], parts[1][2]])
    s = s10 / pos.sum() + s01 / neg.sum()
    difference = parts[0][0] - parts[1][0]
    error = np.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])
    return dict(firstArea=float(parts[0][0]), secondArea=float(parts[1][0]), error=float(error), pValue=float(2 * stats.norm.sf(abs(difference / error))))


yd = (random.random(180) < 0.4).astype(int)
first = single((yd + random.normal(size=180) * 1.1).round(1))
second = single((yd + random.normal(size=180) * 1.6).round(1))
folds10 = random.normal(0.02, 0.03, size=10)
statistic = folds10.mean() / np.sqrt((1 / 10 + 1 / 9) * folds10.var(ddof=1))
pairs = random.normal(0.01, 0.04, size=(5, 2))
variance = pairs.var(axis=1, ddof=1)
f = (pairs ** 2).sum() / (2 * variance.sum())
write("tests.json", dict(
    delong=dict(labels=whole(yd), first=flat(first), second=flat(second), **delong(yd, first, second)),
    mcnemar=[dict(onlyFirst=b, onlySecond=c, pValue=float(stats.binomtest(min(b, c), b + c, 0.5).pvalue))
             for b, c in [(3, 12), (40, 25), (0, 6), (7, 7), (300, 250)]],
    correctedT=dict(differences=flat(folds10), testShare=1 / 9, pValue=float(2 * stats.t.sf(abs(statistic), 9))),
    fiveByTwo=dict(differences=flat(pairs), statistic=float(f), pValue=float(stats.f.sf(f, 10, 5))),
    beta=[dict(x=x, a=a, b=b, below=float(stats.beta.cdf(x, a, b))) for x, a, b in
          [(0.2, 0.5, 0.5), (0.9, 20, 3), (0.001, 2, 300), (0.5, 1, 1), (0.97, 950, 51), (0.5, 5000, 5100)]],
    betaQuantile=[dict(share=s, a=a, b=b, x=float(stats.beta.ppf(s, a, b))) for s, a, b in
                  [(0.025, 90, 11), (0.975, 91, 10), (0.025, 1, 30), (0.5, 0.7, 4), (0.975, 4501, 500)]],
    student=[dict(t=t, degrees=d, twoSided=float(2 * stats.t.sf(abs(t), d)), q975=float(stats.t.ppf(0.975, d))) for t, d in
             [(2.1, 3), (0.4, 9), (-5.2, 29), (1.96, 400)]],
    clopperPearson=[dict(hits=h, rows=r, low=float(i.low), high=float(i.high)) for h, r in [(0, 20), (18, 20), (450, 500), (20, 20)]
                    for i in [stats.binomtest(h, r).proportion_ci(0.95, "exact")]],
    benjaminiHochberg=dict(pValues=flat(pv := random.random(20) ** 2), adjusted=flat(stats.false_discovery_control(pv))),
))
