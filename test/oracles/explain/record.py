"""Records Shapley values of the shap package: `python record.py` (requirements: shap 0.51, lightgbm 4.7, scikit-learn 1.9)."""

import copy
import json
import warnings
from pathlib import Path

import lightgbm as lgb
import numpy as np
import shap
from sklearn.ensemble import RandomForestClassifier

warnings.filterwarnings("ignore")
here = Path(__file__).parent
rng = np.random.default_rng(7)


def flat(trees, outputs, features, tree_outputs=None):
    """Trees of shap's dictionaries as the flat arrays of Quern: splits and leaves apart, a leaf is ~index."""
    flats = {k: [] for k in ["roots", "nodeFeature", "nodeThreshold", "nodeFlags", "nodeLeft", "nodeRight", "leafValues", "leafRows"]}
    for tree in trees:
        internal = tree["children_left"] >= 0
        nodes, leaves = len(flats["nodeFeature"]), len(flats["leafRows"])
        index = np.where(internal, nodes + np.cumsum(internal) - 1, -1 - (leaves + np.cumsum(~internal) - 1))
        flats["roots"].append(int(index[0]))
        for k in np.flatnonzero(internal):
            flats["nodeFeature"].append(int(tree["features"][k]))
            flats["nodeThreshold"].append(float(tree["thresholds"][k]))
            flats["nodeFlags"].append(int(tree["children_default"][k] == tree["children_left"][k]))
            flats["nodeLeft"].append(int(index[tree["children_left"][k]]))
            flats["nodeRight"].append(int(index[tree["children_right"][k]]))
        for k in np.flatnonzero(~internal):
            flats["leafValues"].extend(float(v) for v in np.float32(tree["values"][k]))
            flats["leafRows"].append(int(tree["node_sample_weight"][k]))
    flats.update(outputs=outputs, features=features)
    if tree_outputs is not None:
        flats["treeOutputs"] = tree_outputs
    return flats


def lightgbm_trees(model):
    trees = []
    for info in model.booster_.dump_model()["tree_info"]:
        rows = []

        def visit(node):
            at = len(rows)
            rows.append(None)
            if "leaf_index" in node or "split_index" not in node:
                rows[at] = (-1, -1, -1, -1, 0.0, node["leaf_value"], node.get("leaf_count", 1))
                return at
            left, right = visit(node["left_child"]), visit(node["right_child"])
            default = left if node["default_left"] else right
            rows[at] = (left, right, default, node["split_feature"], np.float32(node["threshold"]), 0.0, node["internal_count"])
            return at

        visit(info["tree_structure"])
        columns = list(zip(*rows))
        trees.append({
            "children_left": np.array(columns[0], np.int32), "children_right": np.array(columns[1], np.int32),
            "children_default": np.array(columns[2], np.int32), "features": np.array(columns[3], np.int32),
            "thresholds": np.array(columns[4], np.float64), "values": np.float32(columns[5]).astype(np.float64)[:, None],
            "node_sample_weight": np.array(columns[6], np.float64),
        })
    return trees


def forest_trees(model):
    trees = []
    for estimator in model.estimators_:
        t = estimator.tree_
        values = t.value[:, 0, :]
        trees.append({
            "children_left": t.children_left.astype(np.int32), "children_right": t.children_right.astype(np.int32),
            "children_default": t.children_right.astype(np.int32), "features": t.feature.astype(np.int32),
            "thresholds": np.float32(t.threshold).astype(np.float64), "values": np.float32(values / values.sum(1, keepdims=True)).astype(np.float64),
            "node_sample_weight": t.n_node_samples.astype(np.float64),
        })
    for tree in trees:
        # Bootstrapped samples: a node's rows must be the sum of its leaves' rows.
        weight = tree["node_sample_weight"]
        for k in range(len(weight) - 1, -1, -1):
            if tree["children_left"][k] >= 0:
                weight[k] = weight[tree["children_left"][k]] + weight[tree["children_right"][k]]
    return trees


def tree_case(name, trees, outputs, features, x, background):
    # shap counts the background rows into the arrays it is given.
    trees_of = lambda: {"trees": copy.deepcopy(trees)}  # noqa: E731
    path = shap.TreeExplainer(trees_of(), feature_perturbation="tree_path_dependent")
    against = shap.TreeExplainer(trees_of(), data=background, feature_perturbation="interventional")

    def cells(values):
        values = np.asarray(values)
        return values[..., None] if values.ndim == x.ndim else values

    # What is left of the prediction: shap reads its own expected value from the root, which the dictionaries leave open.
    contributions = cells(path.shap_values(x, check_additivity=False))
    expected = np.reshape(path.model.predict(x), (len(x), -1))[0] - contributions[0].sum(0)
    return {
        "name": name, "trees": flat(trees, outputs, features), "rows": np.where(np.isnan(x), None, x.astype(object)).tolist(),
        "background": background.tolist(), "expected": expected.tolist(),
        "pathDependent": contributions.transpose(0, 2, 1).tolist(),
        "interventional": cells(against.shap_values(x, check_additivity=False)).transpose(0, 2, 1).tolist(),
        "interactions": (lambda v: v[..., None] if v.ndim == 3 else v)(np.asarray(path.shap_interaction_values(x))).transpose(0, 3, 1, 2).tolist(),
    }


def tree_cases():
    x = np.float32(rng.normal(size=(400, 6))).astype(np.float64)
    y = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + (x[:, 3] > 0) * x[:, 4] + rng.normal(size=400) * 0.1
    holes = x.copy()
    holes[rng.random(x.shape) < 0.1] = np.nan
    boosted = lgb.LGBMRegressor(n_estimators=8, num_leaves=12, verbose=-1).fit(holes, y)
    forest = RandomForestClassifier(n_estimators=5, max_depth=6, random_state=1).fit(x, np.digitize(y, [0, 1.5]))
    return [
        tree_case("boosted", lightgbm_trees(boosted), 1, 6, holes[:5], x[50:60]),
        tree_case("forest", forest_trees(forest), 3, 6, x[:4], x[50:58]),
    ]


def function(x):
    """What model-explainer.test.ts computes too."""
    return x[:, 0] * x[:, 1] + np.sin(x[:, 2]) + np.maximum(x[:, 3], x[:, 4] * x[:, 5]) - 0.5 * x[:, 6] ** 2 + x[:, 7] + 0.25 * x[:, 8] * x[:, 9]


def model_cases():
    x = np.round(rng.normal(size=(40, 12)), 3)
    background, rows = x[:12], x[12:15]
    wide = shap.ExactExplainer(function, shap.maskers.Independent(background, max_samples=100))(rows)
    return {"background": background.tolist(), "rows": rows.tolist(), "exact": wide.values.tolist(), "base": float(wide.base_values[0])}


def linear_cases():
    mixing = rng.normal(size=(5, 5))
    x = np.float32(rng.normal(size=(300, 5)) @ mixing).astype(np.float64)
    coefficients, intercept = rng.normal(size=5), 0.7
    model = (coefficients, intercept)
    rows = x[:4]
    independent = shap.LinearExplainer(model, shap.maskers.Independent(x, max_samples=300)).shap_values(rows)
    correlated = shap.LinearExplainer(model, x, feature_perturbation="correlation_dependent", nsamples=5000).shap_values(rows)
    return {"background": x.tolist(), "rows": rows.tolist(), "coefficients": coefficients.tolist(), "intercept": intercept,
            "independent": independent.tolist(), "correlated": correlated.tolist()}


def effect_cases():
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.inspection import partial_dependence

    class Known(RegressorMixin, BaseEstimator):
        def fit(self, x, y=None):
            self.fitted_ = True
            return self

        def predict(self, x):
            return function(x)

    x = np.round(np.random.default_rng(5).normal(size=(40, 12)), 3)
    model = Known().fit(x)
    cases = []
    for column in (0, 6, 9):
        found = partial_dependence(model, x, [column], kind="both", grid_resolution=7)
        cases.append({"column": column, "grid": found["grid_values"][0].tolist(), "average": found["average"][0].tolist(), "individual": found["individual"][0].tolist()})
    return {"rows": x.tolist(), "dependence": cases}


if __name__ == "__main__":
    import sys

    (here / "effects.json").write_text(json.dumps(effect_cases()))
    if "--effects" in sys.argv:
        sys.exit()
    (here / "models.json").write_text(json.dumps({"shap": shap.__version__, "model": model_cases(), "linear": linear_cases()}))
    (here / "trees.json").write_text(json.dumps({"shap": shap.__version__, "cases": tree_cases()}))
