"""Tuning and training boosted trees: what it costs to find a good model, and to train one.

python -m benchmarks run tune/search --out RESULTS     # with its peers, a seed per repetition
python -m benchmarks.suites.tune RESULTS               # core-seconds to the AUC that the loop reaches
"""

from __future__ import annotations

from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict

# What the best of a search may be below the best of the plain loop's, in AUC.
TOLERANCE: Final = 0.0005
# A search over 40 trials at these sizes differs by this much from seed to seed.
_SPREAD: Final = 0.01
# What a process takes once for a library's first use, whatever the rows.
_FIRST_USE: Final = 64 * 2**20
# What finding the bins of the columns takes whatever the rows, in MiB.
_SKETCH: Final = 8
_SEARCH: Final = {"rows": 160_000, "features": 28, "trials": 40, "rounds": 400, "nodes": 2, "kind": "mixed"}


def _check_search(answer: Answer, parameters: Parameters) -> Verdict:
    if answer["trials"] != parameters["trials"]:
        return f"{answer['trials']} trials, not {parameters['trials']}"
    return None if 0.6 < answer["auc"] < 1 else f"AUC {answer['auc']:.4f} is not what these rows allow"


def _agree_search(ours: Answer, theirs: Answer) -> Verdict:
    lost = theirs["auc"] - ours["auc"]
    return None if lost < _SPREAD else f"the peer's best AUC is {lost:.4f} above ours"


def _check_fit(answer: Answer, _: Parameters) -> Verdict:
    return None if 0.6 < answer["auc"] < 1 else f"AUC {answer['auc']:.4f} is not what these rows allow"


def _agree_fit(ours: Answer, theirs: Answer) -> Verdict:
    off = abs(ours["auc"] - theirs["auc"])
    return None if off < _SPREAD else f"AUC differs by {off:.4f}"


def _check_memory(answer: Answer, parameters: Parameters) -> Verdict:
    if answer["trials"] != parameters["trials"]:
        return f"{answer['trials']} trials, not {parameters['trials']}"
    if answer["grown"] > 0.1 * answer["quantised"] + _FIRST_USE:
        return f"a worker grew by {answer['grown'] / 2**20:.0f} MiB over the trials"
    mebibytes = {
        name: answer[name] / 2**20 for name in ("built", "most", "quantised", "partition", "growing")
    }
    most = 1.5 * mebibytes["quantised"] + mebibytes["partition"] + _SKETCH
    if mebibytes["built"] > most:
        return f"building the matrix took {mebibytes['built']:.0f} MiB, {most:.0f} are allowed"
    most += mebibytes["growing"] + _FIRST_USE / 2**20
    if mebibytes["most"] > most:
        return f"a worker peaked at {mebibytes['most']:.0f} MiB, {most:.0f} are allowed"
    return None


CASES: Final = (
    Case(
        package=__name__,
        name="search",
        what="the best of 40 trials over six XGBoost parameters",
        check=_check_search,
        agree=_agree_search,
        peers=("optuna", "daskml", "ray"),
        parameters=_SEARCH,
        toy={"rows": 4_000, "trials": 6, "rounds": 30},
        warm_up=False,  # what counts is CPU time, and a repetition takes minutes
        repeat=3,
        timeout=3600.0,
    ),
    Case(
        package=__name__,
        name="one_fit",
        what="one booster over all workers, against one process with as many threads",
        check=_check_fit,
        agree=_agree_fit,
        peers=("single",),
        parameters={"rows": 2_000_000, "features": 28, "rounds": 50, "nodes": 2, "kind": "mixed"},
        toy={"rows": 4_000, "rounds": 10},
        repeat=3,
        timeout=1200.0,
    ),
    Case(
        package=__name__,
        name="memory",
        what="300 trials in one worker process: what it holds, and whether it grows",
        check=_check_memory,
        parameters={
            "rows": 1_000_000,
            "features": 28,
            "trials": 300,
            "rounds": 1,
            "nodes": 1,
            "kind": "mixed",
        },
        toy={"rows": 20_000, "trials": 20},
        repeat=1,
        timeout=3600.0,
    ),
)
