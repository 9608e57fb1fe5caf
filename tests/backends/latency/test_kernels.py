"""What kernels an operator becomes, and the work that each of them is, counted by hand."""

import pytest

from archdsl import loads
from archdsl.backends.latency import eager, onnx_runtime, training
from archdsl.backends.latency.kernel import Kernel, family_of
from archdsl.ir.base import Shape, Size
from archdsl.ir.walk import walk


def kernels_of(layers: str, *, channels: int = 16, blocks: str = "") -> list[Kernel]:
    network = loads(f"{blocks}\nmodel m {{\n  input = {channels} x 8 x 8\n  stem = {layers}\n}}")
    return [kernel for visit in walk(network.architecture) for kernel in eager.kernels(visit, 1)]


def exported(layers: str, *, channels: int = 16, blocks: str = "") -> list[str]:
    network = loads(f"{blocks}\nmodel m {{\n  input = {channels} x 8 x 8\n  stem = {layers}\n}}")
    lowered, _ = onnx_runtime.lower(walk(network.architecture)[1:], 1, "blocked")
    return [kernel.kind for kernels in lowered for kernel in kernels]


def test_a_convolution_counts_each_tensor_once() -> None:
    kernel = Kernel("conv", Shape(16, 8, 8), Shape(32, 4, 4), batch=2, window=Size(3, 3), stride=2)
    assert kernel.weights == 32 * 16 * 9
    assert kernel.operations == 2 * 2 * 32 * 16 * 9 * 4 * 4
    assert kernel.traffic(4) == 4 * (2 * 16 * 8 * 8 + 2 * 32 * 4 * 4 + 32 * 16 * 9)


def test_a_depthwise_convolution_is_a_class_of_its_own() -> None:
    (kernel,) = kernels_of("depthwise(3)")
    assert (kernel.kind, kernel.family) == ("depthwise", "depthwise")
    assert kernel.operations == 2 * 16 * 9 * 8 * 8
    assert family_of("grouped_conv") != family_of("conv")


def test_an_elementwise_kernel_reads_and_writes() -> None:
    (kernel,) = kernels_of("relu")
    assert (kernel.operations, kernel.traffic(4)) == (16 * 64, 2 * 16 * 64 * 4)


def test_a_sum_reads_two_maps_and_a_gate_a_map_and_its_channels() -> None:
    blocks = "block b() {\n  out = in + (in * (in -> global_avg_pool))\n}"
    pool, gate, added = kernels_of("b()", blocks=blocks)
    assert (pool.kind, gate.kind, added.kind) == ("global_avg_pool", "broadcast_channels", "add")
    assert gate.traffic(4) == 4 * (2 * 1024 + 16)
    assert added.traffic(4) == 4 * 3 * 1024


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_what_is_concatenated_is_one_kernel_of_parts_as_large_as_their_mean(parts: int) -> None:
    part, whole = Shape(16, 8, 8), Shape(16 * parts, 8, 8)
    assert eager.combining("concat", (part,) * parts, whole, 2) == (Kernel("concat", part, whole, 2, operands=parts),)


def test_eager_runs_convolution_norm_and_activation_one_by_one() -> None:
    assert [kernel.kind for kernel in kernels_of("conv_norm_act(32)")] == ["conv", "batch_norm", "relu"]


def test_views_and_what_only_trains_are_no_kernels() -> None:
    assert kernels_of("chunk(2, 0) -> dropout(0.5) -> identity") == []


def test_padding_of_tensorflow_is_a_kernel_where_it_is_not_even() -> None:
    assert [kernel.kind for kernel in kernels_of("conv(8, kernel = 3, stride = 2, padding = same)")] == ["pad", "conv"]
    assert [kernel.kind for kernel in kernels_of("conv(8, kernel = 3, padding = same)")] == ["conv"]
    for even in ("2 x 3", "3 x 2", "4 x 3", "3 x 4", "4"):
        assert [kernel.kind for kernel in kernels_of(f"conv(8, kernel = {even}, padding = same)")] == ["pad", "conv"]


def test_training_has_a_backward_kernel_for_each_forward_one() -> None:
    network = loads("model m {\n  input = 16 x 8 x 8\n  stem = conv(8) -> norm -> dropout(0.5)\n}")
    visits = walk(network.architecture)
    kinds = [kernel.kind for visit in visits for kernel in training.kernels(visit, 4)]
    assert kinds == [
        "conv", "conv_backward", "batch_norm_training", "batch_norm_training_backward", "dropout", "dropout_backward",
    ]  # fmt: skip


def test_backward_of_a_convolution_is_twice_its_work() -> None:
    forward = Kernel("conv", Shape(16, 8, 8), Shape(32, 8, 8))
    assert training.backward(forward).operations == 2 * forward.operations
    assert training.backward(forward).weights == forward.weights


def test_the_optimizer_reads_weight_gradient_and_momentum_and_writes_two_back() -> None:
    assert training.optimizer(1000).traffic(4) == 5 * 4 * 1000


# ONNX Runtime --------------------------------------------------------------------------------------------------------


def test_batch_norm_and_relu_become_part_of_the_convolution() -> None:
    assert exported("conv_norm_act(32)") == ["conv"]


def test_silu_stays_a_kernel() -> None:
    assert exported("conv(32) -> norm -> silu") == ["conv", "silu"]


def test_a_residual_sum_becomes_part_of_the_convolution() -> None:
    blocks = "block b() {\n  out = in + (in -> conv(16) -> norm)\n}"
    assert exported("b()", blocks=blocks) == ["conv"]


def test_a_gate_needs_the_plain_layout() -> None:
    assert exported("conv(32) -> squeeze_excite(16)") == [
        "conv", "reorder_plain", "global_avg_pool", "reorder_blocked", "conv", "conv", "reorder_plain",
        "broadcast_channels",
    ]  # fmt: skip


def test_channels_that_fill_no_block_are_plain() -> None:
    assert onnx_runtime.layout_of(Kernel("conv", Shape(18, 8, 8), Shape(32, 8, 8))) == "plain"
    assert onnx_runtime.layout_of(Kernel("conv", Shape(3, 8, 8), Shape(32, 8, 8))) == "blocked"
    assert onnx_runtime.layout_of(Kernel("depthwise", Shape(18, 8, 8), Shape(18, 8, 8), groups=18)) == "plain"


def test_a_node_of_a_profile_is_the_kernel_that_was_foreseen() -> None:
    network = loads("model m {\n  input = 16 x 8 x 8\n  stem = conv(32, kernel = 3, stride = 2) -> relu\n}")
    lowered, _ = onnx_runtime.lower(walk(network.architecture)[1:], 1, "blocked")
    (foreseen,) = [kernel for kernels in lowered for kernel in kernels]
    assert (
        onnx_runtime.reported("Conv", "x_nchwc_kernel_time", [[1, 16, 8, 8], [32, 16, 3, 3]], [1, 32, 4, 4]) == foreseen
    )


def test_a_pooling_reads_its_whole_window_at_every_position() -> None:
    (kernel,) = kernels_of("max_pool(2 x 3, stride = 1, padding = valid)")
    assert kernel.window == Size(2, 3)
    assert kernel.operations == 16 * 7 * 6 * 2 * 3


def test_padding_of_tensorflow_goes_by_how_far_a_dilated_window_extends() -> None:
    pad, conv = kernels_of("conv(8, kernel = 3, stride = 2, dilation = 2, padding = same)")
    assert (pad.kind, pad.output) == ("pad", Shape(16, 11, 11))  # 4 positions of stride 2: 6 + 5
    assert conv.input == pad.output
    # An even kernel extends over 3 positions, as many on both sides of its middle: the layer adds these zeros itself.
    assert [kernel.kind for kernel in kernels_of("conv(8, kernel = 2, dilation = 2, padding = same)")] == ["conv"]


def test_padding_of_tensorflow_is_as_high_and_as_wide_as_its_window_needs() -> None:
    pad, conv = kernels_of("conv(8, kernel = 3 x 5, stride = 2, padding = same)")
    assert (pad.kind, pad.output) == ("pad", Shape(16, 9, 11))  # 4 positions of stride 2: 6 + 3 and 6 + 5
    assert conv.input == pad.output
    pad, pool = kernels_of("max_pool(3 x 5, stride = 2, padding = same)")
    assert (pad.output, pool.input) == (Shape(16, 9, 11), Shape(16, 9, 11))
