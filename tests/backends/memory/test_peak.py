"""Peaks by hand, what makes them grow, and the largest batch that fits."""

import pytest

import archdsl
from archdsl.api import Network
from archdsl.backends.memory import Setting, amount
from archdsl.backends.memory.estimate import Estimator
from archdsl.backends.memory.lifetimes import lifetimes
from archdsl.backends.memory.setting import Checkpoint

MAP = 16 * 8 * 8 * 4  # the bytes of every map of an image


def network(head: str = "global_avg_pool -> linear(classes)") -> Network:
    return archdsl.loads(f"""
block residual(channels) {{
  main = in -> conv(channels) -> relu
  out = in + main
}}
model m {{
  input = 16 x 8 x 8
  classes = 10
  stages {{
    | op       | channels | layers |
    | residual | 16       | 3      |
  }}
  head = {head}
}}
""")


def test_inference_by_hand() -> None:
    """In the second block's convolution: the images, which the caller holds, the block's input, and oneDNN's copies of
    the input, the filters and the output."""
    found = network().memory(2)
    weights = 4 * (3 * 16 * 16 + 16 * 10 + 10)
    assert (found.weights, found.buffers, found.images, found.kept) == (weights, 0, 2 * MAP, 0)
    filters = 4 * 16 * 16
    assert found.peak.total == weights + 2 * MAP + 2 * MAP + (2 * MAP + filters + 2 * MAP)
    assert (found.peak.path, found.peak.workspace) == ("stages.0.1.main.conv", 2 * 2 * MAP + filters)


def test_training_keeps_what_backward_reads() -> None:
    found = network().memory(2, training=True, optimizer="sgd")
    # Each block keeps its input (the first one's are the images) and the output of its ReLU; then the linear layer's.
    inputs, activated, pooled, logits = 2 * 2 * MAP, 3 * 2 * MAP, 2 * 16 * 4, 2 * 10 * 4
    assert found.kept == inputs + activated + pooled + logits
    assert (found.gradients, found.optimizer, found.ema) == (found.weights, 0, 0)


@pytest.mark.parametrize(("optimizer", "numbers"), [("sgd", 0), ("momentum", 1), ("rmsprop", 1), ("adam", 2)])
def test_optimizers(optimizer: str, numbers: int) -> None:
    found = archdsl.find("mobilenetv2_100").memory(1, training=True, optimizer=optimizer, ema=True)
    assert found.optimizer == numbers * found.weights
    assert found.ema == found.weights + found.buffers


def test_checkpointing_keeps_the_input_of_each_part() -> None:
    whole = network().memory(2, training=True)
    blocks = network().memory(2, training=True, checkpoint="block")
    stages = network().memory(2, training=True, checkpoint="stage")
    rest = 2 * 16 * 4 + 2 * 10 * 4
    assert (blocks.kept, stages.kept) == (2 * 2 * MAP + rest, rest)
    assert whole.kept > blocks.kept > stages.kept


def test_stages_add_up() -> None:
    found = archdsl.find("efficientnet_b0").memory(8, training=True)
    assert sum(stage.weights for stage in found.stages) == found.weights
    logits = 8 * 1000 * 4
    assert sum(stage.kept for stage in found.stages) + logits == found.kept
    assert max(stage.peak for stage in found.stages) == found.peak.total


@pytest.mark.parametrize("checkpoint", ["none", "block", "stage"])
@pytest.mark.parametrize("name", ["efficientnet_b0", "nfnet_f0", "shufflenet_g3", "resattnet_channel"])
def test_a_step_leaves_nothing_behind(name: str, checkpoint: Checkpoint) -> None:
    """Every activation and its gradient is freed, and every weight has its gradient."""
    setting = Setting(2, training=True, checkpoint=checkpoint)
    estimator = Estimator(lifetimes(archdsl.find(name, resolution=64).architecture), setting)
    ledger = estimator.ledger()
    estimator.run(ledger)
    assert (ledger.now.activations, ledger.now.workspace) == (0, 0)
    assert ledger.now.gradients == estimator.weights


def test_half_precision_takes_half() -> None:
    found = archdsl.find("resnet_50")
    single, half = found.memory(4), found.memory(4, dtype="bfloat16")
    assert half.peak.total == pytest.approx(single.peak.total / 2, rel=1e-3)


@pytest.mark.parametrize("training", [False, True])
def test_largest_batch(training: bool) -> None:
    found = archdsl.find("mobilenetv2_100")
    batch = found.largest_batch("2GB", training=training)
    assert found.memory(batch, training=training).peak.total <= 2 * 10**9
    assert found.memory(batch + 1, training=training).peak.total > 2 * 10**9
    assert found.largest_batch("1MB", training=training) == 0
    assert found.largest_batch("2GiB", training=training) > batch


@pytest.mark.parametrize(
    ("text", "size"),
    [("16GB", 16 * 10**9), ("16 GiB", 2**34), ("1.5gb", 1_500_000_000), ("512", 512), ("0.5 MiB", 2**19)],
)
def test_amounts(text: str, size: int) -> None:
    assert amount(text) == size


@pytest.mark.parametrize("text", ["", "GB", "16 pounds", "-1GB", "1e9", "16GB 2"])
def test_no_amounts(text: str) -> None:
    assert amount(text) is None
    with pytest.raises(ValueError, match="not an amount of memory"):
        archdsl.find("mobilenetv2_100").largest_batch(text)
