"""Blocks that a text only declares, with modules that are brought from Python or by a command line."""

from __future__ import annotations

import ast
import json
import pickle
from pathlib import Path
from typing import Any

import pydantic
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import archdsl
from archdsl.backends.memory import Setting, memory
from archdsl.backends.pytorch import emit
from archdsl.backends.receptive_field import receptive_fields
from archdsl.built import module_of
from archdsl.cli import main
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.diff.difference import compare
from archdsl.weights import map_module

DEFORM = """\
## Deformable convolution (Dai et al. 2017).
extern block deform(offset, channels, kernel = 3, stride = 1) {
  require stride <= 2
  out = channels x ceil(in.height / stride) x ceil(in.width / stride)
  params = in.channels * channels * kernel ** 2
  macs = params * out.height * out.width
}

block unit(channels, stride = 1, kernel = 3) {
  offset = in -> conv(2 * kernel * kernel, 3, stride = stride, bias = true)
  out = in -> deform(offset, channels, kernel, stride) -> norm -> act
}
"""
DETECTOR = f"""{DEFORM}
model detector {{
  input   = 3 x 32 x 32
  classes = 10

  stem = conv_norm_act(8, 3, stride = 2)
  stages {{
    | op     | channels | stride | layers |
    | mbconv | 8        | 1      | 1      |
    | unit   | 16       | 2      | 2      |
    | unit   | 24       | 1      | 1      |
  }}
  head = global_avg_pool -> linear(classes)
}}
"""


class Deform(nn.Module):
    """Deformable convolution by `grid_sample`: offsets are (y, x) for each element of the kernel, in positions."""

    def __init__(self, in_channels: int, channels: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(channels, in_channels, kernel, kernel))
        self.register_buffer("scale", torch.ones(()))
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor, offset: Tensor) -> Tensor:
        (height, width), (rows, columns) = x.shape[2:], offset.shape[2:]
        down, across = (
            torch.arange(count, dtype=x.dtype, device=x.device) * self.stride - self.kernel // 2
            for count in (rows, columns)
        )
        made = x.new_zeros(())
        for number in range(self.kernel**2):
            top, left = divmod(number, self.kernel)
            y = down[None, :, None] + top + offset[:, 2 * number]
            z = across[None, None, :] + left + offset[:, 2 * number + 1]
            grid = torch.stack((2 * z / (width - 1) - 1, 2 * y / (height - 1) - 1), dim=-1)
            part = functional.grid_sample(x, grid, align_corners=True)
            made = made + torch.einsum("bchw,oc->bohw", part, self.weight[:, :, top, left])
        return made * self.scale


class Unit(nn.Module):
    """The block `unit`, written by hand."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.moved = nn.Conv2d(in_channels, 18, 3, stride, 1)
        self.deformed = Deform(in_channels, channels, stride=stride)
        self.normed = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.normed(self.deformed(x, self.moved(x))))


class Theirs(nn.Module):
    """A network of two units, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Unit(3, 8, 2), Unit(8, 16, 1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.second(self.first(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def detector() -> archdsl.Network:
    return archdsl.loads(DETECTOR)


@pytest.fixture(scope="module")
def model(detector: archdsl.Network) -> nn.Module:
    return detector.build(extern={"deform": Deform}).eval()


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


# What is counted ------------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_modules(detector: archdsl.Network, model: nn.Module) -> None:
    assert sum(weight.numel() for weight in model.parameters()) == detector.params
    layers = [visit for visit in _visits(detector) if visit.primitive and visit.primitive.kind == "extern"]
    assert [(visit.path, visit.params, visit.macs) for visit in layers] == [
        ("stages.1.0.deform", 8 * 16 * 9, 8 * 16 * 9 * 64),
        ("stages.1.1.deform", 16 * 16 * 9, 16 * 16 * 9 * 64),
        ("stages.2.0.deform", 16 * 24 * 9, 16 * 24 * 9 * 64),
    ]


def test_equals_a_network_written_by_hand(images: Tensor) -> None:
    head = "model two { input = 3 x 32 x 32\n classes = 10\n stem = [unit(8, 2) -> unit(16)]\n"
    ours = archdsl.loads(f"{DEFORM}{head} head = global_avg_pool -> linear(classes) }}")
    theirs = Theirs().eval()
    with archdsl.Externs(deform=Deform):
        built = ours.build().eval()
        mapped = map_module(ours, theirs, "theirs")  # proven by equal outputs
    built.load_state_dict(mapped.to_ours(theirs.state_dict()))
    with torch.no_grad():
        torch.testing.assert_close(built(images), theirs(images), rtol=1e-5, atol=1e-6)
    assert {pair.ours: pair.theirs for pair in mapped.pairs}["stem.unit_2.deform.weight"] == "second.deformed.weight"


def test_predictions_follow_what_is_declared(detector: archdsl.Network) -> None:
    """Memory and time of its tensors and declared work; where it looks is taken to be everywhere."""
    heavy = archdsl.loads(DETECTOR.replace("macs = params", "macs = 1000000 * params"))
    for device in ("h100", "epyc_eager", "epyc_onnxruntime"):
        assert heavy.latency(device).seconds > 10 * detector.latency(device).seconds
    training = [memory(net.architecture, Setting(8, training=True)).peak.total for net in (detector, heavy)]
    assert training[0] == training[1] > 4 * detector.params
    fields = receptive_fields(detector.architecture)
    assert [fields[f"stages.{number}"].sees_all for number in range(3)] == [False, True, True]
    assert fields["stages.1"].reduction_height == 4
    assert [info["reduction"] for info in _built(detector).feature_info] == [2, 4]  # type: ignore[union-attr]


def test_kept_in_json(detector: archdsl.Network) -> None:
    text = detector.architecture.to_json()
    assert archdsl.Architecture.from_json(text) == detector.architecture
    for hostile in ("deform(); import os #", "1deform", "d\u0435form", ""):
        with pytest.raises(pydantic.ValidationError):
            archdsl.Architecture.from_json(text.replace('"module": "deform"', f'"module": {json.dumps(hostile)}'))


def test_what_changed() -> None:
    one, other = (archdsl.loads(DETECTOR.replace("kernel = 3) {", f"kernel = {k}) {{")) for k in (3, 1))
    changes = [
        change for operator in compare(one.architecture, other.architecture).operators for change in operator.changes
    ]
    assert ("kernel", 3, 1) in [(change.what, change.before, change.after) for change in changes]
    assert ("params", 1152, 128) in [(change.what, change.before, change.after) for change in changes]


# What is built --------------------------------------------------------------------------------------------------------


def test_the_function_takes_the_module(detector: archdsl.Network, images: Tensor) -> None:
    make = module_of(detector.source, "detector").detector
    assert make(deform=Deform)(images).shape == (2, 10)
    assert make(num_classes=3, features_only=True, deform=Deform)(images)[-1].shape == (2, 24, 8, 8)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'deform'"):
        make(num_classes=3)


def test_other_images_and_classes(detector: archdsl.Network) -> None:
    """What is declared is checked where it says something; of other channels it says nothing."""
    text = DETECTOR.replace("stem = conv_norm_act(8, 3, stride = 2)", "stem = unit(8, 2)")
    made = archdsl.loads(text).build(extern={"deform": Deform}, in_channels=1, num_classes=7)
    assert made(torch.randn(2, 1, 32, 32)).shape == (2, 7)


def test_its_weights_stay_as_it_begins(images: Tensor) -> None:
    class Zero(nn.Conv2d):
        def __init__(self, in_channels: int, channels: int) -> None:
            super().__init__(in_channels, channels, 1, bias=False)
            nn.init.zeros_(self.weight)

    text = """
    extern block still(channels) {
      out    = channels x in.height x in.width
      params = in.channels * channels
      macs   = params * in.height * in.width
    }
    model net {
      input = 3 x 32 x 32
      stem  = still(4) -> conv(4)
    }
    """
    built = archdsl.loads(text).build(extern={"still": Zero})
    assert not built.get_submodule("stem.still").weight.any()  # type: ignore[union-attr, operator]
    assert built.get_submodule("stem.conv").weight.all()  # type: ignore[union-attr, operator]


def test_folded_with_its_weights_and_buffers(detector: archdsl.Network, images: Tensor) -> None:
    with archdsl.Externs(deform=Deform):
        built = detector.build().eval()
        for name, value in built.state_dict().items():
            if "running_var" in name or name.endswith("scale"):
                value.uniform_(0.5, 1.5)
        for folded, state in (
            (detector.for_inference(), detector.inference_state_dict(built.state_dict())),
            (detector.fold_batch_norm(), detector.fold_state_dict(built.state_dict())),
        ):
            made = folded.build().eval()
            made.load_state_dict(state)
            with torch.no_grad():
                torch.testing.assert_close(made(images), built(images), rtol=1e-4, atol=1e-5)


def test_shared_by_maps_of_two_sizes(images: Tensor) -> None:
    text = f"""{DEFORM}
    model pyramid {{
      input = 3 x 32 x 32
      stem  = conv(8, 3)
      stages {{
        | name | op            | channels | stride |
        | c1   | conv_norm_act | 8        | 2      |
        | c2   | conv_norm_act | 8        | 2      |
      }}
      shared tower = unit(8)
      outputs {{
        one = c1 -> tower
        two = c2 -> tower
      }}
    }}
    """
    net = archdsl.loads(text)
    built = net.build(extern={"deform": Deform})
    assert sum(weight.numel() for weight in built.parameters()) == net.params
    found = built(images)
    assert (found.one.shape, found.two.shape) == ((2, 8, 16, 16), (2, 8, 8, 8))


FAMILY = f"""{DEFORM}
block either(channels, deformed) {{
  out = if deformed then (in -> unit(channels)) else (in -> conv_norm_act(channels))
}}

model net(deformed = false, depth = 1) {{
  input = 3 x 32 x 32
  stem  = conv(8, 3)
  stages {{
    | op     | channels | layers | deformed |
    | either | 16       | depth  | deformed |
  }}
  head = global_avg_pool -> linear(10)
}}
variants net {{
  | name | deformed | depth |
  | a    | false    | 1     |
  | b    | true     | 2     |
  | c    | true     | 3     |
}}
"""


def test_networks_without_it_do_not_ask_for_it(images: Tensor) -> None:
    compiled = compile_source(Source("net.arch", FAMILY))
    assert not compiled.problems
    module = module_of(emit(compiled.architectures, "net.arch"), "net")
    assert module.net_a()(images).shape == (2, 10)
    for name, layers in (("net_b", 2), ("net_c", 3)):
        made = getattr(module, name)(deform=Deform)
        assert sum(isinstance(part, Deform) for part in made.modules()) == layers
        assert made(images).shape == (2, 10)
        with pytest.raises(TypeError, match="deform"):
            getattr(module, name)()


ARGUMENTS = """
extern block probe(offset = none, number = 2.5, size = 1 x 3, flag = true, word = same, nothing = none, text = "TEXT") {
  out    = in.channels x in.height x in.width
  params = 0
  macs   = 0
}
model net {
  input = 3 x 8 x 8
  stem  = probe(number = 3)
}
"""


def test_arguments_arrive_as_they_are() -> None:
    """Sizes as pairs, words and texts as strings, whatever is in them; a tensor that is not given is none."""
    for text in ("plain", "a'b", "{x}\\n%s", '\\"); import os; os.abort() #', "\\\\", '"""'.replace('"', '\\"')):
        given: dict[str, Any] = {}

        def probe(in_channels: int, given: dict[str, Any] = given, **named: Any) -> nn.Module:
            given |= {"in_channels": in_channels, **named}
            return nn.Identity()

        net = archdsl.loads(ARGUMENTS.replace("TEXT", text))
        ast.parse(net.source)
        net.build(extern={"probe": probe})
        meant = text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
        assert given == {
            "in_channels": 3,
            "offset": None,
            "number": 3,
            "size": (1, 3),
            "flag": True,
            "word": "same",
            "nothing": None,
            "text": meant,
        }


TAKEN = ["lambda", "self", "num_classes", "Tensor", "NN", "given", "x", "_", "__class__", "in_channels"]


@pytest.mark.parametrize("name", TAKEN)
def test_names_that_python_has_taken(name: str, images: Tensor) -> None:
    """The block, its parameter, and a binding that is called like it."""
    text = f"""
    extern block {name}({name}_2, in_channels, channels) {{
      out    = channels x in.height x in.width
      params = in.channels * channels
      macs   = 0
    }}
    block outer({name}_3, channels) {{
      hidden = {name}_3 + 1
      {name}_4 = in -> conv(hidden)
      out = {name}_4 -> {name}(1, 2, channels)
    }}
    model net {{
      input = 3 x 32 x 32
      stem  = outer(4, 8) -> outer(6, 8)
    }}
    """
    given: list[dict[str, Any]] = []

    def make(in_channels: int, channels: int, **named: Any) -> nn.Module:
        given.append(named)
        return nn.Conv2d(in_channels, channels, 1, bias=False)

    built = archdsl.loads(text).build(extern={name: make})
    assert [sorted(named.values()) for named in given] == [[1, 2]] * 2
    assert built(images).shape == (2, 8, 32, 32)


# Who brings it --------------------------------------------------------------------------------------------------------


def test_the_nearest_counts(detector: archdsl.Network) -> None:
    class Other(Deform):
        pass

    with archdsl.Externs(deform=Other):
        assert any(isinstance(part, Other) for part in detector.build().modules())
        with archdsl.Externs(other=Other):
            assert any(isinstance(part, Other) for part in detector.build().modules())
        built = detector.build(extern={"deform": Deform})
        assert not any(isinstance(part, Other) for part in built.modules())
    with pytest.raises(archdsl.DiagnosticError, match="needs the module `deform`"):
        detector.build()


def test_a_check_leaves_no_trace() -> None:
    """To try the shape once changes neither statistics nor modes."""
    text = """
    extern block normed(channels) {
      out    = channels x in.height x in.width
      params = 2 * channels
      macs   = 0
    }
    model net {
      input = 3 x 8 x 8
      stem  = normed(3)
    }
    """
    built = archdsl.loads(text).build(extern={"normed": lambda _, channels: nn.BatchNorm2d(channels)})
    norm = built.get_submodule("stem")
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.training
    assert (norm.num_batches_tracked, norm.running_var.tolist()) == (0, [1.0, 1.0, 1.0])  # type: ignore[union-attr]


def test_can_be_pickled(model: nn.Module, images: Tensor) -> None:
    again = pickle.loads(pickle.dumps(model))
    with torch.no_grad():
        assert torch.equal(again(images), model(images))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.arch").write_text(DETECTOR)
    Path("modules_of_the_caller.py").write_text("from tests.test_externs import Deform\n")
    return tmp_path


def test_a_command_line_names_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--extern", "deform=modules_of_the_caller:Deform"]
    assert main.main(["export", "net.arch", "--to", "source", *named]) == 0
    made = module_of(Path("detector.py").read_text(), "detector").detector(deform=Deform)
    assert made(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    assert main.main(["export", "net.arch", "--to", "torch"]) == 2
    assert "error[ARC904]: `detector` needs the module `deform`" in capsys.readouterr().err
    assert main.main(["export", "net.arch", "--to", "torch", "--extern", "os.system('x')"]) == 2
    assert "names no module" in capsys.readouterr().err


def test_nothing_else_needs_it(folder: Path) -> None:
    """Costs, figures, source, the IR and its schema are made of what the text says."""
    for line in (
        *("check net.arch", "fmt --check net.arch", "estimate net.arch --per operator", "ir net.arch"),
        *("build net.arch --out out", "estimate net.arch --device h100 --explain"),
        *("estimate net.arch --receptive-field", "estimate net.arch --memory"),
        *(f"diagram net.arch --level {level} --out {level}.svg" for level in ("stage", "block", "operator")),
    ):
        assert main.main(line.split()) == 0, line
    assert "deform (extern)" in Path("block.svg").read_text()


def _visits(network: archdsl.Network) -> Any:
    from archdsl.ir.walk import walk

    return walk(network.architecture)


def _built(network: archdsl.Network) -> nn.Module:
    return network.build(extern={"deform": Deform})
