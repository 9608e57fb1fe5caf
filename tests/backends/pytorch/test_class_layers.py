"""Other classes, in heads of every form: `num_classes`, `reset_classifier`, and which layers are the classifier."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import archdsl
from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.built import module_of
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.training.init import initialize_from
from archdsl.weights import map_weights

TEXT = """
block fc(n) { out = in -> global_avg_pool -> linear(n) }
block masks(n, depth = 1) {
  hidden = 2 * n
  out = in -> conv(hidden, 3) * depth -> norm -> act -> conv(n)
}
block both(classes) {
  pooled = in -> global_avg_pool
  out = concat(pooled -> linear(classes), pooled -> linear(classes))
}
block cut(classes) { out = in -> conv(classes + 2) -> slice(0, classes) }
model net {
  input   = 3 x 32 x 32
  classes = 10

  stem = conv(8, 3)
  stages {
    | name | op     | channels | stride |
    | c1   | mbconv | 8        | 2      |
    | c2   | mbconv | 16       | 2      |
  }
  HEAD
}
"""
# Heads with the paths of the layers that follow the number of classes.
HEADS = {
    "head = global_avg_pool -> linear(classes)": ["classifier"],
    "head = global_avg_pool -> linear(classes) as fc": ["fc"],
    "head = conv(classes)": ["head"],
    "head = conv_norm_act(32) -> conv(classes) -> global_avg_pool -> flatten": ["head.conv"],
    "head = global_avg_pool -> conv(32) -> act -> conv(classes, bias = true) -> flatten": ["pool.conv_2"],
    "head = global_avg_pool -> dropout(0.3) -> linear(classes) -> softmax(over = channels)": ["pool.linear"],
    "head = global_avg_pool -> linear(2 * classes)": ["pool.linear"],
    "head = conv(classes) -> norm -> act": ["head.conv", "head.norm"],
    "head = fc(classes)": ["head.linear"],
    "head = masks(classes)": ["head.conv.0", "head.norm", "head.conv_2"],
    "head = masks(classes, 2)": ["head.conv.0", "head.conv.1", "head.norm", "head.conv_2"],
    "head = both(classes)": ["head.linear", "head.linear_2"],
    "head = c2 -> conv(classes) -> resize(like = input)": ["head.conv"],
    "head = concat(c2 -> fc(classes), c1 -> fc(2))": ["head.fc.linear"],
    "head = concat(for i in 2: c2 -> global_avg_pool -> linear(classes))": [
        "head.branches.0.linear",
        "head.branches.1.linear",
    ],
    "outputs { boxes = c2 -> conv(4)\n scores = c2 -> conv(32) -> norm -> conv(3 * (classes + 1)) }": [
        "head.scores.conv_2"
    ],
    "outputs { main = c2 -> global_avg_pool -> linear(classes)\n aux = c1 -> masks(classes) }": [
        *("head.main.linear", "head.aux.conv.0", "head.aux.norm", "head.aux.conv_2"),
    ],
    "shared tower = [conv(16, 3) -> conv(classes)]\n outputs { a = c1 -> conv(16) -> tower\n b = c2 -> tower }": [
        "head.tower.conv_2"
    ],
}


def network(head: str) -> archdsl.Network:
    return archdsl.loads(TEXT.replace("HEAD", head))


def outputs(module: nn.Module) -> list[tuple[int, ...]]:
    found = module(torch.randn(2, 3, 32, 32))
    return [tuple(each.shape) for each in (found if isinstance(found, tuple) else [found])]


@pytest.mark.parametrize("head", HEADS)
def test_what_follows_the_number_of_classes(head: str) -> None:
    """The layers that are named are those whose weights have other shapes in a network of other classes."""
    net = network(head)
    few, many = (net.build(num_classes=count).state_dict() for count in (3, 11))
    differing = [key for key in few if few[key].shape != many[key].shape]
    assert list(dict.fromkeys(_module(key) for key in differing)) == list(classifiers(net.architecture))
    assert list(classifiers(net.architecture)) == HEADS[head]
    assert sum(weight.numel() for weight in net.build().parameters()) == net.params


@pytest.mark.parametrize("head", HEADS)
def test_reset(head: str) -> None:
    """It gives what `num_classes` does, fresh where that follows; everything else stays as it is."""
    net = network(head)
    model = net.build().double().eval()
    before = copy.deepcopy(model.state_dict())
    for count in (5, 5, 10):
        fresh = copy.deepcopy(model.state_dict())
        model.reset_classifier(count)  # type: ignore[operator]
        after = model.state_dict()
        expected = net.build(num_classes=count).double().eval()
        assert {key: value.shape for key, value in after.items()} == {
            key: value.shape for key, value in expected.state_dict().items()
        }
        assert {value.dtype for value in after.values()} <= {torch.float64, torch.int64}
        others = [key for key in before if _module(key) not in HEADS[head]]
        assert all(torch.equal(before[key], after[key]) for key in others)
        weights = [key for key in after if _module(key) in HEADS[head] and after[key].dim() > 1]
        assert weights
        assert not any(after[key].equal(fresh[key]) for key in weights)
        expected.load_state_dict(after)
        images = torch.randn(2, 3, 32, 32, dtype=torch.float64)
        with torch.no_grad():
            assert all(map(torch.equal, _tuple(model(images)), _tuple(expected(images))))


def test_without_layers_for_classes() -> None:
    for head in ("head = global_avg_pool -> linear(2)", "outputs { boxes = c2 -> conv(4) }"):
        net = archdsl.loads(TEXT.replace("HEAD", head).replace("  classes = 10\n", ""))
        assert not hasattr(net.build(), "reset_classifier")
        assert classifiers(net.architecture) == ()
        with pytest.raises(TypeError, match="no option num_classes"):
            net.build(num_classes=3)


def test_what_has_no_weights_cannot_be_replaced() -> None:
    """A layer that cuts as many channels as there are classes is not reset, and so nothing is."""
    net = network("head = c2 -> cut(classes)")
    assert outputs(net.build(num_classes=4)) == [(2, 4, 8, 8)]
    assert not hasattr(net.build(), "reset_classifier")


def test_no_classes_at_all() -> None:
    """0 leaves a linear classifier out; of other heads nothing would be left."""
    assert outputs(network("head = global_avg_pool -> linear(classes)").build(num_classes=0)) == [(2, 16)]
    with pytest.raises(ValueError, match="a whole number of at least 1, not 0"):
        network("head = conv(classes)").build(num_classes=0)


FAMILY = """
model net(width = 1, rate = 0.1) {
  input   = 3 x 32 x 32
  classes = 10

  stem = conv(8 * width, 3)
  stages {
    | op     | channels   | stride |
    | mbconv | 16 * width | 2      |
  }
  head = conv_norm_act(24 * width) -> global_avg_pool -> dropout(rate) -> conv(classes) -> flatten
}
variants net {
  | name | width | rate |
  | a    | 1     | 0.1  |
  | b    | 2     | 0.3  |
}
"""


def test_variants_share_it() -> None:
    compiled = compile_source(Source("net.arch", FAMILY))
    module = module_of(emit(compiled.architectures, "net.arch"), "net")
    for name, channels in (("net_a", 24), ("net_b", 48)):
        model = getattr(module, name)(num_classes=3, dropout_rate=0.5)
        model.reset_classifier(6)
        assert outputs(model) == [(2, 6)]
        assert model.pool.conv.in_channels == channels
        assert model.pool.dropout.p == 0.5


# Weights --------------------------------------------------------------------------------------------------------------


def test_weights_of_other_classes(tmp_path: Path) -> None:
    """`classifier` stands for the layers that follow, and a training leaves them fresh."""
    net = network("outputs { boxes = c2 -> conv(4)\n scores = c2 -> conv(classes) }")
    file = tmp_path / "trained.safetensors"
    trained = net.build(num_classes=4).state_dict()
    save_file(trained, file)
    mapped = map_weights(net, str(file), skips=["classifier"])
    assert set(trained) - set(mapped.ours) == {"head.scores.weight"}
    model = net.build(num_classes=7)
    done = initialize_from(model, net, str(file))
    assert done.fresh == ("head.scores.weight",)
    assert torch.equal(model.state_dict()["head.boxes.weight"], trained["head.boxes.weight"])


def _module(key: str) -> str:
    return key.rpartition(".")[0]


def _tuple(found: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return found if isinstance(found, tuple) else (found,)
