"""Maps to modules written here, each with one trap: order of definition, equal shapes, layout, wiring, constants."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import archdsl
from archdsl.diagnostics.codes import NO_MAP, NOT_PROVEN
from archdsl.weights import KeyMap, MismatchError
from archdsl.weights.from_module import map_module

HEADER = "  input = 3 x 32 x 32\n  classes = 10\n"
CHAIN = (
    f"model chain {{\n{HEADER}"
    "  stem = conv(8, 3) -> norm -> act -> conv(8, 3) -> norm -> act -> conv(8, 3) -> norm -> act\n"
    "  head = global_avg_pool -> linear(classes)\n}\n"
)
JOINED = (
    "block two(channels) {\n"
    "  left = in -> conv(channels) -> norm -> act\n  right = in -> conv(channels) -> norm -> act\n"
    "  out = concat(left, right)\n}\n"
    f"model joined {{\n{HEADER}  stem = conv(8, 3) -> two(8) -> conv(4)\n"
    "  head = global_avg_pool -> linear(classes)\n}\n"
)
ADDED = JOINED.replace("concat(left, right)", "left + right")
RESIDUAL = (
    "block residual() {\n  main = in -> conv(in.channels, 3) -> norm\n  out = in + main -> act\n}\n"
    f"model residual_network {{\n{HEADER}  stem = conv(8, 3) -> residual * 3\n"
    "  head = global_avg_pool -> linear(classes)\n}\n"
)


def mapped(text: str, module: nn.Module) -> KeyMap:
    return map_module(archdsl.loads(text), module, "there")


def names(key_map: KeyMap) -> dict[str, str | None]:
    return {pair.ours: pair.theirs for pair in key_map.pairs}


class Backwards(nn.Module):
    """The chain, defined from its end to its beginning, all of it of equal shapes."""

    def __init__(self, activation: Callable[[Tensor], Tensor] = functional.relu, eps: float = 1e-5) -> None:
        super().__init__()
        self.classifier = nn.Conv2d(8, 10, 1)
        self.n3, self.n2, self.n1 = (nn.BatchNorm2d(8, eps=eps) for _ in range(3))
        self.c3, self.c2 = (nn.Conv2d(8, 8, 3, padding=1, bias=False) for _ in range(2))
        self.c1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        for convolution, norm in ((self.c1, self.n1), (self.c2, self.n2), (self.c3, self.n3)):
            x = self.activation(norm(convolution(x)))
        return self.classifier(x.mean((2, 3), keepdim=True)).flatten(1)


class Joined(nn.Module):
    """Two branches of equal shapes; `a`, defined and called first, makes the second half of the channels."""

    def __init__(self, *, added: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.a = nn.Sequential(nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.b = nn.Sequential(nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.last = nn.Conv2d(8 if added else 16, 4, 1, bias=False)
        self.classifier = nn.Linear(4, 10)
        self.added = added

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        a, b = self.a(x), self.b(x)
        joined = a.add_(b) if self.added else torch.cat((b, a), dim=1)
        return self.classifier(functional.adaptive_avg_pool2d(self.last(joined), 1).flatten(1))


class Residual(nn.Module):
    """Three residual units, in place; the last one without its way around when `broken`."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.units = nn.ModuleList(
            nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)) for _ in range(3)
        )
        self.classifier = nn.Linear(8, 10)
        self.broken = broken

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for index, unit in enumerate(self.units):
            x = unit(x).relu_() if self.broken and index == 2 else unit(x).add_(x).relu_()
        return self.classifier(x.mean((2, 3)))


def test_order_of_definition_does_not_matter() -> None:
    key_map = mapped(CHAIN, Backwards())
    found = names(key_map)
    assert found["stem.conv.weight"] == "c1.weight"
    assert found["stem.conv_2.weight"] == "c2.weight"
    assert found["stem.conv_3.weight"] == "c3.weight"
    assert found["stem.norm_3.running_var"] == "n3.running_var"
    assert found["stem.norm_3.num_batches_tracked"] == "n3.num_batches_tracked"
    assert key_map.error is not None
    assert key_map.error < 1e-12


def test_a_convolution_of_one_pixel_is_a_linear_layer() -> None:
    module = Backwards()
    key_map = mapped(CHAIN, module)
    ours = key_map.to_ours(module.state_dict())
    assert ours["classifier.weight"].shape == (10, 8)
    theirs = key_map.to_theirs(ours)
    assert theirs["classifier.weight"].shape == (10, 8, 1, 1)
    assert all(torch.equal(tensor, module.state_dict()[key]) for key, tensor in theirs.items())


def test_the_channels_that_branches_make_tell_them_apart() -> None:
    found = names(mapped(JOINED, Joined()))
    assert {key: other for key, other in found.items() if "left" in key} == {
        f"stem.two.left.{ours}": f"b.{theirs}"
        for ours, theirs in [
            ("conv.weight", "0.weight"),
            *((f"norm.{leaf}", f"1.{leaf}") for leaf in ("weight", "bias", "running_mean", "running_var")),
            ("norm.num_batches_tracked", "1.num_batches_tracked"),
        ]
    }


class Dilated(nn.Module):
    """Two branches that differ in dilation alone, the wide one first."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(3, 8, 3, padding=2, dilation=2, bias=False)
        self.narrow = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.classifier = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier((self.wide(x) + self.narrow(x)).mean((2, 3)))


def test_constants_tell_branches_apart() -> None:
    text = (
        "block two() {\n  narrow = in -> conv(8, 3)\n  wide = in -> conv(8, 3, dilation = 2)\n"
        "  out = narrow + wide\n}\n"
        f"model dilated {{\n{HEADER}  stem = two\n  head = global_avg_pool -> linear(classes)\n}}\n"
    )
    found = names(mapped(text, Dilated()))
    assert {other for key, other in found.items() if "wide" in key} == {"wide.weight"}


def test_branches_that_are_added_are_taken_whole() -> None:
    """Either branch can be either of ours, but the convolution of one does not go with the norm of the other."""
    found = names(mapped(ADDED, Joined(added=True)))
    for branch in ("left", "right"):
        assert (found[f"stem.two.{branch}.conv.weight"] or "")[0] == (found[f"stem.two.{branch}.norm.bias"] or "")[0]


def test_what_happens_in_place_is_seen() -> None:
    found = names(mapped(RESIDUAL, Residual()))
    assert [found[f"stem.residual.{i}.main.conv.weight"] for i in range(3)] == [f"units.{i}.0.weight" for i in range(3)]


def test_weights_that_are_missing_are_shown_in_their_place() -> None:
    module = Backwards()
    module.c2 = nn.Conv2d(8, 8, 3, padding=1)
    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, module)
    assert refused.value.diagnostics[0].code is NO_MAP
    (row,) = refused.value.rows
    assert (row.our_position, row.ours) == (3, "stem.conv_2.weight: convolution 8 x 8 x 3 x 3")
    assert (row.their_position, row.theirs) == (3, "c2: convolution 8 x 8 x 3 x 3 + bias 8")


def test_another_way_of_adding_is_refused() -> None:
    with pytest.raises(MismatchError) as refused:
        mapped(RESIDUAL, Residual(broken=True))
    assert refused.value.diagnostics[0].problem == "OutputsDiffer"
    assert any(row.ours.startswith("stem.residual.1.main.norm:") for row in refused.value.rows)


def test_another_epsilon_is_refused_and_named() -> None:
    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, Backwards(eps=1e-3))
    assert refused.value.diagnostics[0].code is NOT_PROVEN
    assert [row.ours for row in refused.value.rows] == [
        f"stem.norm{number}: batch_norm 8; eps 1e-05" for number in ("", "_2", "_3")
    ]
    assert all(row.theirs.endswith("; eps 0.001") for row in refused.value.rows)


@pytest.mark.parametrize(
    ("activation", "name"), [(functional.silu, "silu"), (functional.gelu, "gelu"), (functional.relu6, "hardtanh")]
)
def test_another_activation_is_refused_and_named(activation: Callable[[Tensor], Tensor], name: str) -> None:
    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, Backwards(activation))
    assert {row.theirs.partition("; ")[2] for row in refused.value.rows} == {f"after {name}"}


def test_activations_are_tried_where_they_are_cut() -> None:
    """Below 6, relu6 is relu; tracing would distinguish them, and so do the outputs."""
    with pytest.raises(MismatchError):
        mapped(CHAIN, Backwards(lambda x: torch.where(x > 6, 6, functional.relu(x))))


def test_factors_that_tracing_does_not_see_are_refused_by_the_outputs() -> None:
    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, Backwards(lambda x: 1.001 * functional.relu(x)))
    assert refused.value.diagnostics[0].code is NOT_PROVEN
    assert "right before it chain has relu `stem.act`" in [note.text for note in refused.value.diagnostics[0].notes]
    assert refused.value.rows == ()


def test_a_module_that_cannot_run_is_a_diagnostic() -> None:
    module = Backwards()
    module.c1 = nn.Conv2d(5, 8, 3)
    with pytest.raises(
        archdsl.DiagnosticError, match="there does not run on a batch of images of 3 x 32 x 32"
    ) as refused:
        mapped(CHAIN, module)
    assert refused.value.diagnostics[0].problem == "CannotRun"


def test_one_tensor_for_several_of_ours() -> None:
    class Shared(Backwards):
        def __init__(self) -> None:
            super().__init__()
            self.c3 = self.c2

    module = Shared()
    key_map = mapped(CHAIN, module)
    ours = key_map.to_ours(module.state_dict())
    assert torch.equal(ours["stem.conv_2.weight"], ours["stem.conv_3.weight"])
    theirs = key_map.to_theirs(ours)
    assert theirs.keys() == module.state_dict().keys()
    ours["stem.conv_3.weight"] += 1
    with pytest.raises(archdsl.DiagnosticError, match="has one tensor"):
        key_map.to_theirs(ours)


def test_the_modules_stay_as_they_are() -> None:
    module = Backwards()
    module.train()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    mapped(CHAIN, module)
    assert module.training
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())


def test_tensors_that_do_not_fit_are_named() -> None:
    module = Backwards()
    key_map = mapped(CHAIN, module)
    state = module.state_dict()
    with pytest.raises(archdsl.DiagnosticError, match=r"`c2\.weight` of there is 8 x 8 x 1 x 1, not 8 x 8 x 3 x 3"):
        key_map.to_ours({**state, "c2.weight": torch.zeros(8, 8, 1, 1)})
    del state["n1.bias"], state["n1.num_batches_tracked"]
    with pytest.raises(archdsl.DiagnosticError, match=r"`n1\.bias` is missing from the weights"):
        key_map.to_ours(state)


# Networks of ours, defined in another order -------------------------------------------------------------------------


def shuffled(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """The module with its parts defined in a random order, wherever they are called by name."""
    for part in module.modules():
        if not isinstance(part, nn.Sequential | nn.ModuleList):
            names = list(part._modules)
            order = torch.randperm(len(names), generator=generator).tolist()
            part._modules = {names[index]: part._modules[names[index]] for index in order}
    return module


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("resattnet", "attention_inception_56"),
        ("resnet", "resnet_d_18"),
        ("v2_b", "efficientnetv2_b0"),
    ],
)
def test_networks_defined_in_a_random_order(spec: str, name: str) -> None:
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name, resolution=64)
    module = shuffled(network.build(), torch.Generator().manual_seed(0))
    assert list(module.state_dict()) != list(network.build().state_dict())
    key_map = map_module(network, module, "shuffled")
    assert all(pair.ours == pair.theirs for pair in key_map.pairs)


class Halved(Backwards):
    """The same, but for what comes out at the end."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / 2


def notes_of(refused: MismatchError) -> list[str]:
    return [note.text for note in refused.diagnostics[0].notes]


def test_the_first_operator_whose_outputs_differ_is_named_with_both_values() -> None:
    class Shifted(Backwards):
        def forward(self, x: Tensor) -> Tensor:
            x = functional.relu(self.n1(self.c1(x))) + 1
            x = functional.relu(self.n2(self.c2(x)))
            x = functional.relu(self.n3(self.c3(x)))
            return self.classifier(x.mean((2, 3), keepdim=True)).flatten(1)

    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, Shifted())
    (found,) = [text for text in notes_of(refused.value) if text.startswith("first ")]
    assert found.startswith("first `stem.conv_2.weight` and `c2.weight` have outputs that differ by ")
    values = re.search(r"of the largest: (-?[\d.e-]+) and (-?[\d.e-]+) where they differ most", found)
    assert values is not None
    assert abs(float(values[1]) - float(values[2])) > 0.01


def test_what_differs_behind_the_last_operator_is_said() -> None:
    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, Halved())
    found = [text for text in notes_of(refused.value) if text.startswith("the outputs of all operators with weights")]
    values = re.search(r"(-?[\d.e-]+) and (-?[\d.e-]+) where they differ most", *found)
    assert values is not None
    assert float(values[1]) == pytest.approx(2 * float(values[2]), rel=1e-3)


def test_a_refused_map_is_there_for_debugging_and_says_so() -> None:
    with pytest.raises(MismatchError) as refused:
        mapped(CHAIN, Halved())
    assert refused.value.refused is not None
    assert names(refused.value.refused) == names(mapped(CHAIN, Backwards()))
    assert not refused.value.refused.is_proven
    assert (refused.value.refused.caveat or "").startswith("NOT PROVEN, for debugging only")
    with pytest.raises(MismatchError) as none:
        mapped(CHAIN, nn.Sequential(nn.Conv2d(3, 8, 3)))
    assert none.value.refused is None
