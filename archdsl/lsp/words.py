"""What the words of the language mean, in a line each: for hover and completion."""

from __future__ import annotations

from archdsl.elaborate.resolve.objectives import ACCURACY, FRONT, MAXIMIZE, MINIMIZE, PROXIES

SETTINGS = {
    "input": "channels, height and width of an image: `input = 3 x 224 x 224`",
    "classes": "how many classes there are; `num_classes` and `reset_classifier` follow where the head says it",
    "norm": "the layer that `norm` means in every block of the model: `batch_norm` unless set",
    "act": "the layer that `act` means in every block of the model: `relu` unless set",
    "padding": "`symmetric` (unless set), `same` (TensorFlow's), `valid`, or zeros a side",
    "drop_path": "stochastic depth, which grows over the layers of the stages: `drop_path = ramp(0.2)`",
    "stem": "the layers before the stages",
    "head": "the layers after the stages",
    "objective": "what `archdsl search` is for: one goal, or a front of several",
}

FUNCTIONS = {
    "divisible": "the nearest multiple of `divisor`, never below `limit * value`",
    "round": "the nearest whole number, halves away from zero",
    "round_even": "the nearest whole number, halves to the even one",
    "floor": "the whole number below",
    "ceil": "the whole number above",
    "sqrt": "the square root; by itself, `in -> sqrt`, the layer that takes it of each element",
    "min": "the least of several numbers or of a list, or of each element of several tensors",
    "max": "the greatest of several numbers or of a list, or of each element of several tensors",
    "concat": "tensors, and lists of them, joined along the channels",
    "split": "a list of parts of the channels: `split(in, 4)` of equal ones, `split(in, [24, 40])` of these sizes",
    "length": "how many values a list has",
    "sum": "the sum of numbers or of tensors, and of those in lists",
    "ramp": "a drop path that grows to `rate` over the depth; with `reach`, the last layer has it in full",
}

MEASURES = {
    "params": "learnable scalars",
    "macs": "multiply-accumulates of convolutions and linear layers, for one image",
    "flops": "2 x MACs",
    "activations": "elements that convolutions and linear layers put out, for one image",
    "out": "the shape of the output",
    "reduction": "how many times smaller than the image the last map is",
}

# What the cost model predicts, in claims and objectives.
QUANTITIES = {
    "latency": "the predicted time of inference: `latency(h100, batch = 32)`",
    "step_time": "the predicted time of a training step: `step_time(v100, batch = 64)`",
    "memory": "the predicted peak of memory: `memory(training, batch = 32)`",
}

# What objectives can speak of besides.
MERITS = {
    ACCURACY: "the share of held-back images that are right after a short training, from 0 to 1",
    **PROXIES,
}
GOALS = {
    FRONT: "several goals, none of which is to be had without losing in another: `front(accuracy, macs)`",
    MAXIMIZE: "a goal of which more is better: `maximize(activations)`",
    MINIMIZE: "a goal of which less is better: `minimize(params / accuracy)`",
}

COLUMNS = {
    "op": "the block of the stage",
    "layers": "how often the block repeats, 1 unless given; the first has the row's stride, the others have 1",
    "name": "the name of the stage, or of the variant",
}

FACTS = {
    "channels": "the channels of a tensor",
    "height": "the height of a tensor",
    "width": "the width of a tensor",
    "length": "the length of a series, `input = 1 x 16000`",
}

WORDS = {
    "symmetric": "`dilation * (kernel - 1) // 2` zeros on both sides",
    "same": "TensorFlow's padding: the output is the input's size divided by the stride, rounded up",
    "valid": "no padding",
    "bilinear": "interpolation between the nearest four",
    "nearest": "the nearest element",
    "nearest_exact": "the nearest element, rounded as Pillow does",
    "bicubic": "interpolation between the nearest sixteen",
    "reflect": "the map in a mirror at its first and last elements",
    "replicate": "the first and last elements of the map, again and again",
    "in": "the tensor that comes into the block",
}

# What arguments of some primitives mean by names that mean other things elsewhere: `softmax(over = channels)`.
OF_ARGUMENTS = {
    "area": "the mean of what each new element covers",
    "zero": "zeros around the map",
    "channels": "along the channels, at each position",
    "height": "along the height",
    "width": "along the width",
    "positions": "along height and width together",
    "length": "along the one dimension of a series",
}

# What an `extern block` says of its module.
DECLARED = {
    "out": "the shape that the module puts out: `out = channels x in.height x in.width`",
    "params": "how many learnable scalars the module has",
    "macs": "the multiply-accumulates of the module, for one image",
}

# What can begin an item, and a statement of a block or a model.
ITEMS = {
    "use": 'brings in the blocks and models of another file: `use "other.arch"`',
    "block": "a layer made of layers: takes the tensor `in`, gives the tensor `out`",
    "extern": "a block whose module the caller of the network brings: `extern block deform(channels) { ... }`",
    "model": "a network, or a family of them",
    "variants": "the networks of a family: a table of parameter values",
    "recipe": "how to train a model: `recipe NAME for MODEL { ... }`; `archdsl plan` and `archdsl train` use it",
}
STATEMENTS = {
    "require": "a claim that `archdsl check` proves: `require params == 5.3M +- 2%`",
    "stages": "the table of stages; in a model that extends another, `stages 1..3 { op = ... }` changes rows",
    "shared": "a layer whose uses all have the same weights: `shared tower = conv(256, 3) * 4`",
    "inputs": "what the network reads, where that is more than one thing: `inputs { rgb = 3 x 224 x 224 ... }`",
    "outputs": "what the network puts out, each with a name: `outputs { boxes = neck -> conv(64) }`",
    "scale": "rewrites columns of the table: `scale { channels = divisible(channels * width) }`",
}
EXPRESSIONS = {
    "if": "`if condition then value else value`, decided while compiling",
    "when": "`-> layer when condition`: left out where the condition is false",
    "as": "`-> layer as name` names the sub-module",
    "not": "the opposite of a condition",
    "true": "a boolean",
    "false": "a boolean",
    "none": "no value",
}
