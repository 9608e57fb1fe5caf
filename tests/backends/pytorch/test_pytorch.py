"""The emitted source: what it is made of, and that every tool of the field takes it as it is."""

from __future__ import annotations

import ast
import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import archdsl
from archdsl.ir.names import module_name

SPECS = archdsl.specs_folder()
EXAMPLES = Path(__file__).parents[3] / "examples"


SMALL = """
model small {
  input   = 3 x 32 x 32
  classes = 10
  stem    = conv_norm_act(8, kernel = 3, stride = 2)
  stages {
    | op     | kernel | stride | expansion | channels | se   |
    | mbconv | 3      | 1      | 2         | 8        | 0.25 |
  }
  head = conv_norm_act(32) -> global_avg_pool -> linear(classes)
}
"""


@pytest.fixture(scope="module")
def v2_l(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("emitted") / "v2_l.py"
    path.write_text(archdsl.load(SPECS / "v2_l.arch").source, encoding="utf-8")
    return path


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_v2_l_is_short(v2_l: Path) -> None:
    assert len(v2_l.read_text(encoding="utf-8").splitlines()) <= 250


def test_torch_is_the_only_import(v2_l: Path) -> None:
    tree = ast.parse(v2_l.read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported == {"torch"}


def test_ruff_is_silent(v2_l: Path) -> None:
    run(sys.executable, "-m", "ruff", "check", "--isolated", str(v2_l))


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    code = "import sys, archdsl; sys.stdout.write(archdsl.load(sys.argv[1], sys.argv[2]).source)"
    for spec, variant in (("v2_l", "efficientnetv2_l"), ("efficientnet", "b3")):
        path = str(SPECS / f"{spec}.arch")
        one = run(sys.executable, "-c", code, path, variant, PYTHONHASHSEED="1")
        assert one == run(sys.executable, "-c", code, path, variant, PYTHONHASHSEED="4711")
        assert one


def test_runs_where_archdsl_cannot_be_imported(v2_l: Path) -> None:
    code = """
import sys, importlib.util
class Ban:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "archdsl":
            raise ImportError("archdsl is not here")
sys.meta_path.insert(0, Ban())
spec = importlib.util.spec_from_file_location("v2_l", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import torch
print(tuple(module.efficientnetv2_l(num_classes=7).eval()(torch.zeros(1, 3, 64, 64)).shape))
"""
    assert run(sys.executable, "-c", code, str(v2_l)).strip() == "(1, 7)"


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return archdsl.load(SPECS / "v2_l.arch").build(num_classes=10).eval()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_network_compiles_whole_and_exports() -> None:
    """One with every kind of block of EfficientNetV2-L, whose tracing takes twice the time of all of this."""
    model = archdsl.load(SPECS / "tf_efficientnetv2.arch", "b0").build(num_classes=10).eval()
    images = torch.randn(1, 3, 64, 64)
    expected = model(images)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(images), expected)
    exported = torch.export.export(model, (images,))
    torch.testing.assert_close(exported.module()(images), expected)
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore")
def test_the_compile_helper_works_on_the_cpu() -> None:
    import torch._inductor.config  # late: that takes seconds

    torch.manual_seed(0)
    network = archdsl.loads(SMALL)
    model = network.build(num_classes=10).eval()
    images = torch.randn(2, 3, 32, 32)
    expected = model(images)
    keys = list(model.state_dict())
    compiled = network.module.compile_model(model)
    # Loops without vectors: which the processor has, torch finds out by compiling a program for each.
    with torch._inductor.config.patch({"cpp.vec_isa_ok": False}):
        actual = compiled(images)
    assert float((actual - expected).abs().max() / expected.abs().max()) < 1e-4
    assert list(compiled.state_dict()) == keys
    assert compiled.stem.conv.weight.is_contiguous(memory_format=torch.channels_last)
    torch._dynamo.reset()


# The interfaces of the field ---------------------------------------------------------------------------------------


def test_features(model: nn.Module) -> None:
    network = archdsl.load(SPECS / "v2_s.arch")
    features = network.build(features_only=True).eval()
    maps = features(torch.zeros(1, 3, 64, 64))
    assert [tuple(m.shape[1:]) for m in maps] == [(24, 32, 32), (48, 16, 16), (64, 8, 8), (160, 4, 4), (256, 2, 2)]
    assert [(info["num_chs"], info["reduction"], info["module"]) for info in features.feature_info] == [
        (24, 2, "stages.0"),
        (48, 4, "stages.1"),
        (64, 8, "stages.2"),
        (160, 16, "stages.4"),
        (256, 32, "stages.5"),
    ]
    # The head's weights are not there.
    assert sum(p.numel() for p in features.parameters()) < network.params - 1_000_000


def test_forward_is_its_two_halves(model: nn.Module) -> None:
    images = torch.randn(1, 3, 64, 64)
    features = model.forward_features(images)
    assert features.shape == (1, 1280, 2, 2)
    assert model.forward_head(features, pre_logits=True).shape == (1, 1280)
    torch.testing.assert_close(model.forward_head(features), model(images))


def test_reset_classifier_and_other_images() -> None:
    model = archdsl.load(SPECS / "mobilenetv2.arch", "050").build(in_channels=1).eval()
    images = torch.zeros(2, 1, 64, 64)
    assert model(images).shape == (2, 1000)
    model.reset_classifier(5)
    assert model(images).shape == (2, 5)
    model.reset_classifier(0)
    assert model(images).shape == (2, 1280)


def test_drop_path_rises_over_the_depth_and_can_be_set() -> None:
    network = archdsl.load(SPECS / "efficientnet.arch", "b0")
    for rate, options in ((0.2, {}), (0.4, {"drop_path_rate": 0.4})):
        model = network.build(**options)
        rates = [m.rate for m in model.modules() if type(m).__name__ == "DropPath"]
        assert rates == pytest.approx([rate * i / 16 for i in range(1, 16)])  # of rate 0 there is none
    assert [layer.drop_path for s in network.architecture.stages for layer in s.layers] == pytest.approx(
        [0.2 * i / 16 for i in range(16)]
    )


def test_drop_path_drops_whole_images_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    module = archdsl.load(SPECS / "efficientnet.arch", "b0").module.DropPath(0.25).train()
    out = module(torch.ones(4000, 2, 1, 1))
    assert sorted(set(out.flatten().tolist())) == pytest.approx([0.0, 1 / 0.75])
    assert torch.equal(out[:, 0], out[:, 1])
    assert float(out.mean()) == pytest.approx(1.0, abs=0.05)
    assert torch.equal(module.eval()(torch.ones(3, 2, 1, 1)), torch.ones(3, 2, 1, 1))


def test_state_dict_keys_come_from_the_text() -> None:
    keys = list(archdsl.load(SPECS / "v2_s.arch").build().state_dict())
    assert keys[0] == "stem.conv.weight"
    assert "stages.3.0.main.depthwise.weight" in keys
    assert "stages.3.0.main.squeeze_excite.weight.conv.weight" in keys
    assert keys[-1] == "classifier.bias"


def test_names_of_torch_modules_are_not_taken() -> None:
    attributes = {name for name in {*dir(nn.Module), *dir(nn.Sequential)} if not name.startswith("_")}
    attributes |= {"training"}
    assert [name for name in sorted(attributes) if module_name(name) == name] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["mobilenetv2_050", "efficientnet_b0", "resattnet_spatial"])
def test_checkpointing_changes_memory_and_no_gradient(name: str) -> None:
    torch.manual_seed(0)
    model = archdsl.create_model(name, num_classes=5).train()
    images = torch.randn(2, 3, 64, 64)
    gradients, kept = [], []
    for enable in (False, True):
        model.set_grad_checkpointing(enable)
        model.zero_grad()
        torch.manual_seed(1)
        saved: list[int] = []

        def note(tensor: torch.Tensor, saved: list[int] = saved) -> torch.Tensor:
            saved.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            output = model(images)
        kept.append(sum(saved))
        output.square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    assert kept[1] < kept[0] / 2
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
    copy.deepcopy(model)


def test_features_share_the_checkpointing_of_a_network() -> None:
    features = archdsl.create_model("mobilenetv2_050", features_only=True).train()
    features.set_grad_checkpointing()
    assert all(stage.grad_checkpointing for stage in features.stages)
    sum(map.sum() for map in features(torch.randn(2, 3, 32, 32))).backward()
    assert all(parameter.grad is not None for parameter in features.parameters())


def test_dropout_rate() -> None:
    model = archdsl.load(SPECS / "efficientnet.arch", "b0").build(dropout_rate=0.35)
    assert [part.p for part in model.modules() if isinstance(part, nn.Dropout)] == [0.35]


def test_layers_given_by_name_are_arguments_of_one_class() -> None:
    source = archdsl.loads(
        """
block twice(channels, unit = conv_norm_act, gate = sigmoid) {
  x = in -> unit(channels) -> unit(channels)
  out = x * (x -> unit(channels) -> gate)
}
block plain(channels) { out = in -> conv(channels, 3) }
block normed() { out = in -> group_norm(groups = in.channels) -> sigmoid }
model net(unit = conv_norm_act, gate = sigmoid) {
  input = 3 x 8 x 8
  stem = twice(8, unit = unit, gate = gate) -> twice(4, unit = plain, gate = normed)
}
""",
    ).source
    classes = [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if name.startswith("Twice")] == ["Twice"]
    assert "Twice(8, 4, unit=Plain, gate=Normed)" in source
    assert "Twice(in_channels, 8, unit=ConvNormAct, gate=lambda _: nn.Sigmoid())" in source
