"""Networks with a part: their classes, and what these compute."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archdsl
from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.state import state
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture

TEXT = """
use "archdsl:efficientnet.arch"
use "archdsl:resnet.arch"

model detector {
  input    = 3 x 64 x 64
  classes  = 7
  backbone = efficientnet.b0
  neck     = backbone.stage5 -> conv(16) -> norm -> act
  outputs {
    scores = neck -> conv(classes)
    low    = concat(backbone.stem, input -> resize(like = backbone.stem))
  }
}
model classifier {
  input    = 3 x 64 x 64
  classes  = 7
  backbone = efficientnet.b0
  head     = conv_norm_act(16) -> global_avg_pool -> linear(classes)
}
model cut extends detector {
  backbone = resnet.18
  neck     = backbone.stage2 -> conv(16)
}
"""


def networks(text: str = TEXT) -> dict[str, Architecture]:
    return {made.name: made for made in compile_source(Source("net.arch", text)).checked() if made.part is not None}


PARTS = {"detector": "efficientnet_b0", "classifier": "efficientnet_b0", "cut": "resnet_18"}


def network(name: str) -> archdsl.Network:
    return archdsl.loads(TEXT, name)


@pytest.fixture(scope="module")
def made() -> dict[str, Architecture]:
    return networks()


def test_equal_trunks_are_one_class(made: dict[str, Architecture]) -> None:
    source = emit([made["classifier"], made["cut"]], "net.arch")
    assert source.count("class ResNet18Backbone(nn.Module):") == 1
    assert source.count("class EfficientNetB0Backbone(nn.Module):") == 1
    other = TEXT.replace("model cut", "model again extends classifier { classes = 3 }\nmodel cut")
    again = emit([one for name, one in networks(other).items() if name != "detector"], "net.arch")
    assert again.count("class EfficientNetB0Backbone") == 1
    # One that ends earlier is another one.
    assert emit([*made.values()], "net.arch").count("class EfficientNetB0Backbone") == 2


@pytest.mark.parametrize("name", ["detector", "classifier", "cut"])
def test_keys_are_those_of_the_part_below_its_name(name: str) -> None:
    ours = network(name)
    assert ours.architecture.part is not None
    module = ours.build()
    keys = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    assert keys == {key: tuple(size) for key, size in state(ours.architecture).items()}
    own = archdsl.create_model(PARTS[name]).state_dict()
    below = {key.removeprefix("backbone.") for key in keys if key.startswith("backbone.")}
    assert below <= own.keys()
    left = {key.split(".")[0] for key in own.keys() - below}
    assert left <= {"head", "classifier", "stages"}
    assert ("stages" in left) == (name != "classifier")


@pytest.mark.parametrize("name", ["detector", "classifier", "cut"])
def test_maps_are_those_of_the_part(name: str) -> None:
    torch.manual_seed(0)
    ours = network(name).build().eval()
    theirs = archdsl.create_model(PARTS[name], features_only=True).eval()
    theirs.load_state_dict(_below(ours), strict=name == "classifier")
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = dict(zip((info["module"] for info in theirs.feature_info), theirs(images), strict=True))
        found = {f"stages.{number}": map for number, map in enumerate(ours.backbone(images)[1:])}
    shared = found.keys() & expected.keys()
    assert len(shared) == {"detector": 4, "classifier": 5, "cut": 2}[name]
    for module in shared:
        torch.testing.assert_close(found[module], expected[module])


def _below(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a part by its own keys."""
    state = module.state_dict()
    return {key.removeprefix("backbone."): value for key, value in state.items() if key.startswith("backbone.")}


def test_a_network_with_a_part_has_the_options_of_others() -> None:
    images = torch.randn(2, 4, 64, 64)
    module = network("detector").build(num_classes=3, in_channels=4, drop_path_rate=0.5)
    out = module.eval()(images)
    assert (out.scores.shape, out.low.shape) == ((2, 3, 4, 4), (2, 36, 32, 32))
    assert module.backbone.stages[4][-1].drop_path.rate == pytest.approx(0.5 * 10 / 11)
    maps = network("detector").build(features_only=True, in_channels=4, out_indices=(1, 3))
    assert [tuple(map.shape[1:]) for map in maps.eval()(images)] == [(24, 16, 16), (112, 4, 4)]
    dense = network("classifier").build(output_stride=16)
    assert dense.backbone(images[:, :3])[-1].shape[2:] == (4, 4)
    assert dense.backbone.feature_info[-1]["reduction"] == 16
    dense.reset_classifier(0)
    assert dense.eval()(images[:, :3]).shape == (2, 16)


def test_checkpoints_of_gradients_change_nothing() -> None:
    torch.manual_seed(0)
    module = network("cut").build(drop_path_rate=0.0)
    images = torch.randn(2, 3, 64, 64)
    gradients = []
    for enable in (False, True):
        module.set_grad_checkpointing(enable)
        module.zero_grad()
        module(images).scores.square().mean().backward()
        gradients.append(module.backbone.stem.deep.conv.weight.grad.clone())
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("name", ["detector", "classifier"])
def test_inference_without_batch_norms_is_equal(name: str) -> None:
    torch.manual_seed(0)
    given = network(name)
    plain, made = given.build().eval(), given.for_inference()
    folded = made.build().eval()
    folded.load_state_dict(given.inference_state_dict(plain.state_dict()))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(folded(images), plain(images), rtol=1e-4, atol=1e-4)


def test_channels_of_images_that_a_trunk_hands_on_are_not_open() -> None:
    """A trunk without a convolution gives as many channels as it gets."""
    text = """
    model pooled {
      input = 3 x 32 x 32
      stages {
        | op       | kernel | stride |
        | max_pool | 3      | 2      |
      }
    }
    model net {
      input = 3 x 32 x 32
      part  = pooled
      head  = part -> conv(5)
    }
    """
    net = archdsl.loads(text, "net")
    assert net.build()(torch.randn(1, 3, 32, 32)).shape == (1, 5, 16, 16)
    with pytest.raises(ValueError, match="net is made for 3 channels"):
        net.build(in_channels=4)
