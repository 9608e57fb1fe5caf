"""The spaces that ship: as large as their papers say, sound, with objectives, around networks that are known."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import pytest

import archdsl
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError
from archdsl.folders import recipes_folder, shipped_files
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import freeze, open_space

SPACES = [path for path in [*shipped_files(), *recipes_folder().glob("*.arch")] if path.stem.endswith("_space")]
# What is said in the papers, or follows from their tables.
SIZES = {
    "mnasnet_space": (3 * 2 * 2 * 3 * 3) ** 7 * 3**5 * 2**2,
    "efficientnet_space": (3 * 2 * 2 * 3 * 3) ** 7 * 3**5 * 2**2,
    "v2_space": (2 * 2 * 3) ** 7 * 3**5 * 2**2,
    "ofa_space": 4 * (9**2 + 9**3 + 9**4) ** 5,
    "compound_space": 5**3,
    "digits_space": 2 * (2 * 2 * 2 * 2 * 2 * 2) * (2 * 2 * 3 * 3 * 3 * 2) ** 2 * 3,
}
OBJECTIVES = {
    "mnasnet_space": ("most accuracy * (latency / 75ms) ** -0.07",),
    "efficientnet_space": ("most accuracy * (macs / 400M) ** -0.07",),
    "v2_space": ("most accuracy * (step_time(batch = 32) / 100ms) ** -0.07 * (params / 20M) ** -0.05",),
    "ofa_space": ("most accuracy", "least latency"),
    "compound_space": ("most accuracy",),
    "digits_space": ("most accuracy",),
}


@cache
def opened(name: str) -> Space:
    (path,) = [path for path in SPACES if path.stem == name]
    return open_space(read(path))


def test_each_is_listed() -> None:
    assert {path.stem for path in SPACES} == set(SIZES) == set(OBJECTIVES)


@pytest.mark.parametrize("name", SIZES)
def test_the_size_is_that_of_the_paper(name: str) -> None:
    assert opened(name).size == SIZES[name]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_objective_is_that_of_the_paper(name: str) -> None:
    assert Objective(opened(name), device="phone").titles == OBJECTIVES[name]


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.stem)
def test_it_is_formatted_and_sound(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", str(path)]) == 0
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", SIZES)
def test_networks_have_costs_and_can_be_written_down(name: str, tmp_path: Path) -> None:
    space = opened(name)
    samples = space.sample(20, seed=1)
    for sample in samples[:2]:
        target = tmp_path / f"{sample.index}.arch"
        target.write_text(freeze(space, sample, target), encoding="utf-8")
        assert archdsl.load(target).architecture.costs.model() == space.cost(sample)
    assert all(cost.macs > 0 for cost in space.costs(samples))


def taking(space: Space, **options: str | list[str]) -> archdsl.Network:
    """The network that takes an option by its text in each column, or one for each row of the table."""

    def decide(variable: Variable) -> int:
        name, labels = variable.name, variable.options
        stage, _, column = name.rpartition(" ")
        wanted = options[column.removeprefix("stages.")] if stage else options[name]
        text = wanted if isinstance(wanted, str) else wanted[int(stage.removeprefix("stages."))]
        return labels.index(text)

    return archdsl.Network(space.architecture(Encoding(space).sample(decide)))


def test_the_network_of_digits_is_in_the_space_of_digits() -> None:
    found = taking(
        opened("digits_space"),
        stem="16",
        op=["fused_mbconv", "fused_mbconv", "mbconv"],
        kernel="3",
        expansion=["1", "4", "4"],
        channels=["16", "32", "48"],
        layers=["1", "2", "2"],
        se="0",
        head="96",
    )
    assert found.architecture.costs.model() == archdsl.load(recipes_folder() / "digits.arch").architecture.costs.model()


def test_b4_is_in_the_space_of_efficientnetv2() -> None:
    found = taking(
        opened("v2_space"),
        op="mbconv(se = 0.25)",
        kernel=["3", "3", "5", "3", "5", "5", "3"],
        expansion=["1", *["6"] * 6],
        layers="0",
    )
    b4 = archdsl.load(archdsl.specs_folder() / "efficientnet.arch", "b4", resolution=224)
    assert found.architecture.costs.model() == b4.architecture.costs.model()


def test_the_baseline_of_compound_scaling_doubles() -> None:
    space = opened("compound_space")
    source = read(next(path for path in SPACES if path.stem == "compound_space"))
    start = open_space(source, parameters={"phi": 0})
    base = start.cost(start.numbered(0)).macs
    left = [space.cost(one).macs / base for one in map(space.numbered, range(space.size)) if space.pruning.meets(one)]
    assert len(left) == 23
    # Channels, layers and sizes are whole numbers, and these are small.
    assert 1.3 < min(left) < 2 < max(left) < 3


def test_a_space_that_needs_a_device_asks_for_one() -> None:
    for name in ("mnasnet_space", "v2_space", "ofa_space"):
        with pytest.raises(DiagnosticError, match="device"):
            Objective(opened(name))


def test_the_objective_of_efficientnetv2_by_hand() -> None:
    space = opened("v2_space")
    sample = space.sample(1, seed=4)[0]
    objective = Objective(space, device="v100")
    seconds = space.latency(sample, "v100", batch=32, training=True).seconds
    numbers = {**objective.predicted(sample), "accuracy": 0.8}
    (value,) = objective.values(sample, numbers)
    params = space.cost(sample).params
    assert value == pytest.approx(0.8 * (seconds / 0.1) ** -0.07 * (params / 20e6) ** -0.05, rel=1e-12)


def test_the_objective_of_efficientnet_by_hand() -> None:
    space = opened("efficientnet_space")
    sample = space.sample(1, seed=4)[0]
    (value,) = Objective(space).values(sample, {"accuracy": 0.75})
    assert value == pytest.approx(0.75 * (space.cost(sample).macs / 400e6) ** -0.07, rel=1e-12)


def test_time_and_size_fuse_early_stages_and_no_late_ones() -> None:
    """What EfficientNetV2's search found, at B4's other choices and an accuracy that is the same for all."""
    space = opened("v2_space")
    objective = Objective(space, device="v100")
    kernels, expansions = "3353553", "1666666"

    def value(fused: tuple[bool, ...]) -> float:
        def decide(variable: Variable) -> int:
            row, _, column = variable.name.partition(" ")
            stage = int(row.removeprefix("stages."))
            wanted = {
                "op": "fused_mbconv" if fused[stage] else "mbconv(se = 0.25)",
                "kernel": kernels[stage],
                "expansion": expansions[stage],
                "layers": "0",
            }
            return variable.options.index(wanted[column])

        sample = Encoding(space).sample(decide)
        return objective.values(sample, {**objective.predicted(sample), "accuracy": 0.8})[0]

    best = max(product((False, True), repeat=7), key=value)
    assert all(best[:2])
    assert not any(best[4:])
