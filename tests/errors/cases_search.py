"""Searches that cannot be: objectives, options and recipes that do not go together."""

from __future__ import annotations

from pathlib import Path

from archdsl import sources
from archdsl.search_space.objective import Objective
from archdsl.spaces import open_space
from tests.errors.showing import NET, Case, command

SPACE = """model net {
  input = 3 x 16 x 16
  classes = 10
  stem = conv_norm_act({8, 16})
  head = global_avg_pool -> linear(classes)
}
recipe quick for net {
  epochs = 1
  batch = 16
  optimizer = sgd(lr = 0.1)
}
"""
OTHER = SPACE.replace("recipe quick for net", f"{NET.replace('net', 'other')}recipe quick for other")
LARGE = SPACE.replace("{8, 16}", " + ".join(["{1, 2, 3, 4}"] * 8))


def objective(text: str | None = None, device: str | None = None, spec: str = SPACE) -> Case:
    def run() -> object:
        Path("net.arch").write_text(spec)
        space = open_space(sources.read("net.arch"))
        return Objective(space, text, device).values(space.numbered(0), {})

    return run


def search(options: str, text: str = SPACE) -> Case:
    return command(f"search space.arch --out study {options}", space_arch=text)


CASES: dict[str, Case] = {
    "NoObjective": objective(),
    "ObjectiveNeedsDevice": objective("latency"),
    "GoalNotNumber": objective("note", spec=SPACE.replace("  classes", "  note = none\n  classes")),
    "NeedsTraining": search("--objective accuracy"),
    "NeedsImages": search("--objective naswot"),
    "UnusedTraining": search("--objective macs --recipe quick"),
    "RecipeOfOther": search("--objective accuracy --space net --data sklearn:digits", OTHER),
    "OneGoalOnly": search("--objective front(params,macs) --algorithm evolution"),
    "NothingToMeasure": search("--objective macs --measure cpu"),
    "NothingOnDevice": search("--objective macs --device phone"),
    "DeviceAndMeasure": search("--objective latency --device phone --measure cpu"),
    "NothingRandom": search("--objective macs --algorithm grid --seed 3"),
    "NothingToStop": search("--objective macs --stop-early median"),
    "TooLargeGrid": search("--objective macs --algorithm grid", LARGE),
    "NothingToSearch": command("search --out study"),
    "JoinWithout": command("search --join"),
    "NotOfJoin": command("search --join --out study --trials 5"),
    "JoinWithSpec": command("search --join study"),
    "UnusedOfSearch": command("search status study --trials 5"),
    "TwoStudies": command("search page study --out other"),
    "TwoPlaces": command("search net.arch other.arch --out study"),
}
