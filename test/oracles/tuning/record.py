"""Records what SciPy and Optuna answer, for the tuning tests: python record.py (writes tuning.json)."""
import json
import math
import random
import warnings
from pathlib import Path

import optuna
import scipy
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial
from scipy import special, stats
from scipy.stats import qmc

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = random.Random(0)


def sobol():
    points = qmc.Sobol(40, scramble=False, bits=32).random(64)
    return {"count": 64, "dimensions": 40, "words": [[int(x * 2**32) for x in row] for row in points]}


def normal():
    z = [-37, -20, -8, -3, -1, -0.3, 0, 0.4, 1, 2.5, 6]
    shares = [1e-300, 1e-30, 1e-9, 0.001, 0.02, 0.3, 0.5, 0.7, 0.99, 0.9999999]
    far = [-1e6, -1e3, -60, -20, -3, -1, 0, 1, 5]

    def log_improvement(value):
        if value < -20:  # mpmath: the difference cancels in doubles
            from mpmath import mp, mpf, npdf, ncdf, log

            mp.dps = 60
            if value < -1e5:
                return float(-mpf(value) ** 2 / 2 - log(2 * mp.pi) / 2 - 2 * log(-mpf(value)))
            return float(log(npdf(mpf(value)) + mpf(value) * ncdf(mpf(value))))
        return math.log(stats.norm.pdf(value) + value * special.ndtr(value))

    return {
        "z": z,
        "cdf": [float(special.ndtr(value)) for value in z],
        "shares": shares,
        "quantile": [float(special.ndtri(value)) for value in shares],
        "far": far,
        "logImprovement": [log_improvement(value) for value in far],
    }


def signed_rank():
    cases = []
    for count in [1, 2, 3, 5, 8, 12, 20, 40, 80]:
        for kind in ["distinct", "ties"]:
            if kind == "ties" and 13 < count <= 50:
                continue  # SciPy approximates there, the product counts
            draw = (lambda: rng.gauss(0.3, 1)) if kind == "distinct" else (lambda: rng.randint(-2, 3))
            values = [draw() for _ in range(count)]
            p = stats.wilcoxon(values, alternative="greater", zero_method="zsplit", correction=False).pvalue
            cases.append({"differences": values, "p": float(p)})
    return cases


def additive(p):
    return 3 * p["a"] + p["b"] ** 2 + 0.5 * (p["c"] == "x")


def interaction(p):
    return (2 * p["a"] - 1) * (2 * p["b"] - 1) + 0.5 * p["a"] + (0.7 if p["c"] == "y" else 0)


def single(p):
    return math.sin(5 * p["d"])


def fanova():
    distributions = {
        "a": optuna.distributions.FloatDistribution(0, 1),
        "b": optuna.distributions.FloatDistribution(0, 1),
        "c": optuna.distributions.CategoricalDistribution(["x", "y"]),
        "d": optuna.distributions.FloatDistribution(-2, 3),
    }
    cases = []
    for function in [additive, interaction, single]:
        study = optuna.create_study()
        table = []
        for _ in range(150):
            params = {
                "a": round(rng.random(), 6),
                "b": round(rng.random(), 6),
                "c": rng.choice(["x", "y"]),
                "d": round(rng.uniform(-2, 3), 6),
            }
            value = function(params) + rng.gauss(0, 0.02)
            table.append({"configuration": params, "value": value})
            study.add_trial(create_trial(params=params, distributions=distributions, value=value))
        evaluations = [FanovaImportanceEvaluator(seed=seed).evaluate(study) for seed in range(3)]
        mean = {name: sum(e[name] for e in evaluations) / 3 for name in distributions}
        cases.append({"function": function.__name__, "trials": table, "importance": mean})
    return cases


def pruners():
    """Decisions of Optuna's pruners after each report of a trial among the same completed trials."""
    cases = []
    for case in range(30):
        steps = rng.choice([4, 5, 8])
        ties = case % 3 == 0
        draw = lambda base: round(base + rng.gauss(0, 0.3), 1 if ties else 6)
        peers = [[draw(base) for _ in range(steps)] for base in [rng.gauss(1, 0.5) for _ in range(rng.randint(1, 9))]]
        own = [draw(rng.gauss(1.2, 0.5)) for _ in range(steps)]
        decisions = {}
        for name, pruner in {
            "median": optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
            "wilcoxon": optuna.pruners.WilcoxonPruner(p_threshold=0.1, n_startup_steps=2),
        }.items():
            study = optuna.create_study(pruner=pruner)
            for values in peers:
                study.add_trial(
                    create_trial(
                        value=sum(values) / steps,
                        intermediate_values={k + 1: v for k, v in enumerate(values)},
                        state=TrialState.COMPLETE,
                    )
                )
            trial = study.ask()
            answers = []
            for k, value in enumerate(own):
                trial.report(value, k + 1)
                answers.append(bool(trial.should_prune()))
            decisions[name] = answers
        cases.append({"peers": peers, "own": own, **decisions})
    return cases


def main():
    recorded = {
        "versions": {"optuna": optuna.__version__, "scipy": scipy.__version__},
        "sobol": sobol(),
        "normal": normal(),
        "signedRank": signed_rank(),
        "fanova": fanova(),
        "pruners": pruners(),
    }
    text = json.dumps(recorded, separators=(",", ":")) + "\n"
    Path(__file__).with_name("tuning.json").write_text(text, encoding="utf-8")


main()
