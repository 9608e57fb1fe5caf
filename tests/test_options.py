"""Options of a built network: timm's names where they mean the same, and a way out where they do not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import archdsl


def test_in_chans() -> None:
    assert archdsl.create_model("mobilenetv2_100", in_chans=1)(torch.randn(2, 1, 32, 32)).shape == (2, 1000)


def test_drop_rate() -> None:
    model = archdsl.create_model("efficientnet_b0", drop_rate=0.35)
    assert [part.p for part in model.modules() if isinstance(part, nn.Dropout)] == [0.35]


def test_out_indices() -> None:
    images = torch.randn(1, 3, 64, 64)
    whole = archdsl.create_model("mobilenetv2_100", features_only=True).eval()
    some = archdsl.create_model("mobilenetv2_100", features_only=True, out_indices=(-1, 1)).eval()
    some.load_state_dict(whole.state_dict())
    assert some.feature_info == [whole.feature_info[1], whole.feature_info[4]]
    with torch.no_grad():
        expected = whole(images)
        for map, wanted in zip(some(images), (expected[1], expected[4]), strict=True):
            torch.testing.assert_close(map, wanted)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pretrained": True}, TypeError, "without trained weights.*`archdsl weights map`"),
        ({"weights": "DEFAULT"}, TypeError, r"without trained weights \(`weights`\); `archdsl weights map`"),
        (
            {"drop_connect_rate": 0.2},
            TypeError,
            "no option .*`drop_connect_rate` is `drop_path_rate`",
        ),
        ({"stochastic_depth_prob": 0.2}, TypeError, "`stochastic_depth_prob` is `drop_path_rate`"),
        ({"in_chans": 1, "in_channels": 1}, TypeError, "the same option"),
        ({"out_indices": (1,)}, TypeError, "give `features_only=True`"),
        ({"features_only": True, "out_indices": (7,)}, ValueError, r"has no 7; the maps are 0 \(reduction 2\)"),
        ({"drop_rate": 1.5}, ValueError, "less than 1, not 1.5"),
        ({"drop_path_rate": 1.5}, ValueError, "drop path rate is at least 0 and less than 1"),
        ({"num_classes": -1}, ValueError, "`num_classes` is a whole number of at least 0; 0 leaves .* not -1"),
        ({"num_classes": 10.5}, TypeError, "`num_classes` is a whole number .* not 10.5"),
        ({"num_classes": None}, TypeError, "`num_classes` is a whole number .* not None"),
        ({"in_chans": 0}, ValueError, "`in_channels` is a whole number of at least 1, not 0"),
        ({"features_only": True, "num_classes": 10}, TypeError, "leave out `num_classes`, or `features_only`"),
        ({"act_layer": nn.ReLU}, TypeError, "no option act_layer; .*`act_layer` is `act` in the model"),
    ],
)
def test_mistakes(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        archdsl.create_model("efficientnet_b0", **options)


def test_pretrained_false_is_what_there_is() -> None:
    archdsl.create_model("shufflenet_g3_025", pretrained=False)
    archdsl.create_model("shufflenet_g3_025", weights=None)


def test_no_classes_of_feature_maps_are_none() -> None:
    assert archdsl.create_model("mobilenetv2_050", features_only=True, num_classes=0).feature_info


def test_a_network_without_dropout() -> None:
    with pytest.raises(TypeError, match=r"resnet_18 has no dropout before its classifier; write .* `dropout\(0.2\)`"):
        archdsl.create_model("resnet_18", drop_rate=0.2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_a_new_classifier_follows_the_model(dtype: torch.dtype) -> None:
    model = archdsl.create_model("mobilenetv2_050").to(dtype)
    for classes in (5, 0, 3):
        model.reset_classifier(classes)
    assert {parameter.dtype for parameter in model.parameters()} == {dtype}
    assert model(torch.randn(2, 3, 32, 32, dtype=dtype)).shape == (2, 3)
    with torch.device("meta"):
        model = archdsl.create_model("mobilenetv2_050")
    model.reset_classifier(5)
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


def test_options_of_both_kinds_are_listed_and_near_ones_named() -> None:
    with pytest.raises(
        TypeError, match=r"no option features_onyl; it has .*out_indices; did you mean `features_only`\?"
    ):
        archdsl.create_model("mobilenetv2_050", features_onyl=True)


NAMED = """
model faces {
  input   = 3 x 16 x 16
  classes = 7
  stem    = conv_norm_act(8, 3, stride = 2)
  feature = stem -> global_avg_pool -> dropout(0.2)
  outputs {
    class = feature -> linear(classes)
    age   = feature -> linear(1)
  }
}
"""


def test_classes_of_one_of_several_outputs_cannot_be_left_out() -> None:
    """Nor can the channels of a map: a network of 0 classes would be one of empty tensors."""
    network = archdsl.loads(NAMED)
    assert [tuple(out.shape) for out in network.build(num_classes=1)(torch.randn(2, 3, 16, 16))] == [(2, 1), (2, 1)]
    maps = archdsl.loads("model maps {\n  input = 3 x 8 x 8\n  classes = 5\n  head = conv(classes)\n}\n")
    for each in (network, maps):
        with pytest.raises(ValueError, match="`num_classes` is a whole number of at least 1, not 0"):
            each.build(num_classes=0)


def test_dropouts_between_tensors_by_name_have_no_option() -> None:
    network = archdsl.loads(NAMED)
    with pytest.raises(TypeError, match="faces has no option dropout_rate; it has num_classes, in_channels") as refused:
        network.build(dropout_rate=0.5)
    assert "drop_rate" not in str(refused.value).replace("dropout_rate", "")
    with pytest.raises(TypeError, match=r"its head reads tensors by name, and their dropouts are in the text alone"):
        network.build(drop_rate=0.5)
    with pytest.raises(TypeError, match=r"has no option dropout_rat; .*drop_rate, .* did you mean `dropout_rate`"):
        archdsl.create_model("mobilenetv2_050", dropout_rat=0.5)
