"""A part of the weights: other classes, other images, another stem, the first stages; what is left is always listed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archdsl
from archdsl.diagnostics.codes import NO_MAP, NOT_PROVEN, WRONG_USAGE
from archdsl.weights import MismatchError, map_weights
from archdsl.weights.from_module import map_module
from archdsl.weights.selection import Selection, covering


def network(
    classes: int = 10, images: int = 3, stem: int = 8, kernel: int = 3, last: int = 24, act: str = "relu"
) -> archdsl.Network:
    return archdsl.loads(
        f"model net {{\n  input = {images} x 32 x 32\n  classes = {classes}\n  act = {act}\n"
        f"  stem = conv_norm_act({stem}, kernel = {kernel})\n"
        "  stages {\n    | op     | channels | layers | stride | expansion | kernel |\n"
        "    | mbconv | 8        | 1      | 2      | 1         | 3      |\n"
        "    | mbconv | 16       | 2      | 2      | 2         | 3      |\n"
        f"    | mbconv | {last}   | 2      | 2      | 2         | 5      |\n  }}\n"
        "  head = global_avg_pool -> linear(classes)\n}\n"
    )


def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As another library could call them."""
    names = {"stem": "first", "stages": "layers", "classifier": "fc", "conv_norm_act": "expand"}
    return {".".join(names.get(part, part) for part in key.split(".")): value for key, value in state.items()}


def numbers(module: nn.Module) -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        key: torch.rand_like(value) if value.is_floating_point() else value + 7
        for key, value in module.state_dict().items()
    }


STATE = numbers(network().build())
FILES = pytest.mark.parametrize("keys", [dict, renamed], ids=["our keys", "their keys"])


def saved(state: dict[str, Tensor], path: Path) -> str:
    torch.save(state, path / "x.pth")
    return str(path / "x.pth")


@FILES
def test_other_classes(keys: type[dict[str, Tensor]], tmp_path: Path) -> None:
    file, other = saved(keys(STATE), tmp_path), network(classes=7)
    with pytest.raises(MismatchError) as refused:
        map_weights(other, file)
    assert refused.value.diagnostics[0].code is NO_MAP
    assert "--skip classifier" in (refused.value.diagnostics[0].help or "")
    mapped = map_weights(other, file, skips=["classifier" if keys is dict else "fc"])
    assert STATE.keys() - mapped.ours.keys() == {"classifier.weight", "classifier.bias"}
    assert all(torch.equal(tensor, STATE[key]) for key, tensor in mapped.ours.items())
    assert mapped.is_partial
    listed = {(left.ours, left.shape) for left in mapped.left if left.ours}
    assert listed == {("classifier.weight", (7, 24)), ("classifier.bias", (7,))}
    assert {left.their_shape for left in mapped.left if left.theirs} == {(10, 24), (10,)}


@FILES
@pytest.mark.parametrize("images", [1, 2, 5])
def test_other_images_as_timm_adapts_them(keys: type[dict[str, Tensor]], images: int, tmp_path: Path) -> None:
    from archdsl.torchvision_operators import declare_torchvision_operators

    declared = declare_torchvision_operators()
    from timm.models import adapt_input_conv

    mapped = map_weights(network(images=images), saved(keys(STATE), tmp_path))
    assert mapped.adapted.keys() == {"stem.conv.weight"}
    expected = adapt_input_conv(images, STATE["stem.conv.weight"])
    assert torch.allclose(mapped.ours["stem.conv.weight"], expected)
    assert not mapped.is_partial
    del declared


@FILES
def test_images_are_not_adapted_from_gray_ones(keys: type[dict[str, Tensor]], tmp_path: Path) -> None:
    with pytest.raises(MismatchError) as refused:
        map_weights(network(), saved(keys(numbers(network(images=1).build())), tmp_path))
    assert "--skip stem.conv" in (refused.value.diagnostics[0].help or "")


@FILES
def test_the_first_stages_alone(keys: type[dict[str, Tensor]], tmp_path: Path) -> None:
    first = {key: value for key, value in STATE.items() if key.startswith(("stem", "stages.0", "stages.1"))}
    file = saved(keys(first), tmp_path)
    with pytest.raises(MismatchError) as refused:
        map_weights(network(), file)
    assert "--skip stages.2 --skip classifier" in (refused.value.diagnostics[0].help or "")
    mapped = map_weights(network(), file, parts=["stem", "stages.0..1"])
    assert mapped.ours.keys() == first.keys()
    assert {left.ours for left in mapped.left} == STATE.keys() - first.keys()


@FILES
def test_another_stem(keys: type[dict[str, Tensor]], tmp_path: Path) -> None:
    mapped = map_weights(network(stem=12), saved(keys(STATE), tmp_path), skips=["stem", "stages.0"])
    assert mapped.ours.keys() == {key for key in STATE if not key.startswith(("stem", "stages.0"))}
    assert all(torch.equal(tensor, STATE[key]) for key, tensor in mapped.ours.items())


def test_a_part_of_a_module_is_proven_up_to_where_the_two_differ() -> None:
    theirs = network(last=32).build()
    key_map = map_module(network(), theirs, "there", Selection.of(["stem", "stages.0..1"]))
    assert key_map.is_proven
    assert key_map.caveat is None
    assert all(pair.ours == pair.theirs for pair in key_map.pairs)
    assert {pair.ours for pair in key_map.pairs} == {
        key for key in STATE if key.startswith(("stem", "stages.0", "stages.1"))
    }


def test_what_comes_after_a_part_that_is_left_out_is_not_called_proven() -> None:
    key_map = map_module(network(kernel=5), network().build(), "there", Selection.of(skips=["stem.conv"]))
    assert not key_map.is_proven
    assert "come after what is left out" in (key_map.caveat or "")
    assert {pair.ours for pair in key_map.pairs} == STATE.keys() - {"stem.conv.weight"}


def test_a_part_that_computes_something_else_is_refused() -> None:
    with pytest.raises(MismatchError) as refused:
        map_module(network(last=32, act="silu"), network().build(), "there", Selection.of(["stem", "stages.0..1"]))
    diagnostic = refused.value.diagnostics[0]
    assert diagnostic.code is NOT_PROVEN
    assert diagnostic.problem == "PartsDiffer"
    assert "first `stages.0.0.main.depthwise.weight`" in str(diagnostic.notes)


@pytest.mark.parametrize(
    ("skip", "says", "helps"),
    [
        ("clasifier", "no weights `clasifier`", "did you mean `classifier`?"),
        ("stages.2..1", "not a path of modules", "stages.0..2"),
        ("", "not a path of modules", "classifier"),
        ("theirs:stem", "no weights `theirs:stem`", "ours begin with `stem`"),
    ],
)
def test_paths_that_mean_nothing(skip: str, says: str, helps: str, tmp_path: Path) -> None:
    with pytest.raises(archdsl.DiagnosticError) as refused:
        map_weights(network(), saved(renamed(STATE), tmp_path), skips=[skip])
    diagnostic = refused.value.diagnostics[0]
    assert diagnostic.code is WRONG_USAGE
    assert says in diagnostic.message
    assert helps in (diagnostic.help or "")


def test_a_path_that_names_other_tensors_on_each_side_is_asked_for() -> None:
    tensors = [("head.conv.weight", "last.weight"), ("classifier.weight", "head.weight")]
    with pytest.raises(archdsl.DiagnosticError, match="names other weights of ours than of theirs"):
        Selection.of(skips=["head"]).require_meaning(tensors)
    chosen = Selection.of(skips=["theirs:head"])
    chosen.require_meaning(tensors)
    assert [chosen.wants(keys) for keys in tensors] == [True, False]


def test_paths_of_options() -> None:
    one = ["a.0.w", "a.1.x.w", "a.1.y.w", "a.2.x.w", "b.w"]
    assert covering(one[:3], one[3:]) == ["a.0..1"]
    assert covering(one[:2], one[2:]) == ["a.0", "a.1.x"]
    assert covering(one[4:], one[:4]) == ["b"]
    assert Selection.of(["a.*.x"]).wants(("a.12.x.w", None))
    assert Selection.of(["layer1..2"]).wants(("layer2.w", None))
    assert not Selection.of(["layer1..2"]).wants(("layer3.w", None))
    assert not Selection.of(["a.0..2"]).wants(("a.3.w", None))


def test_a_checkpoint_of_another_network_gets_no_advice(tmp_path: Path) -> None:
    """Keys such as `conv1.weight` of some block are not taken for the network."""
    other = {f"blocks.{block}.norm.weight": torch.ones(5) for block in range(40)}
    with pytest.raises(MismatchError) as refused:
        map_weights(network(), saved(other, tmp_path))
    assert "--" not in (refused.value.diagnostics[0].help or "")
