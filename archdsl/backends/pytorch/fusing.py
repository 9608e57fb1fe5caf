"""What an emitted file carries along to run fast on a CPU without a compiler: convolutions computed with what follows.

oneDNN, the library that PyTorch computes convolutions with, applies an activation or adds a tensor while the outputs of
a convolution are at hand, and takes filters in a layout of its own; PyTorch has operators for both, which its compiler
calls. `fuse_model` follows a model down to its functions and calls them itself. Each text here is source, as in
`helpers.py`.
"""

from __future__ import annotations

FUSING: dict[str, str] = {}

FUSING["FunctionTracer"] = '''
class FunctionTracer(torch.fx.Tracer):
    """Follows a model down to the functions that it calls; a layer that cannot be followed stays a call of its own."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return False

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
        depth = len(self.module_stack)
        try:
            return super().call_module(m, forward, args, kwargs)
        except (AttributeError, IndexError, TypeError, ValueError):
            # It decides by numbers that only images have. Nothing reads the statements that it came to.
            while len(self.module_stack) > depth:
                self.module_stack.popitem()
            return self.create_proxy("call_module", self.path_of_module(m), args, kwargs)
'''

FUSING["SizeRecorder"] = '''
class SizeRecorder(torch.fx.Interpreter):
    """Runs the statements of a model, and keeps the size of each tensor that is of the type of its images."""

    def __init__(self, model: torch.fx.GraphModule, dtype: torch.dtype) -> None:
        super().__init__(model)
        self.sizes: dict[torch.fx.Node, tuple[int, ...]] = {}
        self.dtype = dtype

    def run_node(self, n: torch.fx.Node) -> Any:
        found = super().run_node(n)
        if isinstance(found, Tensor) and found.dtype == self.dtype:
            self.sizes[n] = tuple(found.shape)
        return found
'''

FUSING["fused_activation"] = '''
def fused_activation(node: torch.fx.Node) -> tuple[str, list[float], str] | None:
    """An activation as oneDNN has it: its name there, its numbers and its algorithm; None for anything else."""
    names: dict[Any, str] = {
        functional.relu: "relu",
        functional.silu: "swish",
        functional.hardswish: "hardswish",
        functional.hardsigmoid: "hardsigmoid",
        torch.sigmoid: "sigmoid",
        torch.tanh: "tanh",
    }
    numbers = [value for value in (*node.args[1:], *node.kwargs.values()) if isinstance(value, float)]
    if node.target in names:
        return names[node.target], [], ""
    if node.target is functional.hardtanh and len(numbers) == 2:  # ReLU6, too
        return "hardtanh", numbers, ""
    if node.target is functional.leaky_relu and len(numbers) == 1:
        return "leaky_relu", numbers, ""
    if node.target is functional.gelu:
        return "gelu", [], str(node.kwargs.get("approximate", "none"))
    return None
'''

FUSING["Fusion"] = '''
class Fusion:
    """The statements of a model, in which operators of oneDNN take the place of layers and of what follows them."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        self.model = torch.fx.GraphModule(model, FunctionTracer().trace(model), type(model).__name__)
        self.graph = self.model.graph
        self.graph.eliminate_dead_code()
        recorder = SizeRecorder(self.model, images.dtype)
        recorder.run(images)
        self.sizes = recorder.sizes
        self.packed: dict[tuple[Any, ...], str] = {}

    def fused(self) -> torch.fx.GraphModule:
        for node in list(self.graph.nodes):
            if node.target is functional.conv2d:
                self.convolution(node)
            elif node.target is functional.linear:
                self.linear(node)
        self.graph.eliminate_dead_code()
        self.add_in_place()
        return torch.fx.GraphModule(self.model, self.graph, type(self.model).__name__).eval()

    def constant(self, node: Any) -> Tensor | None:
        """A tensor that the model has; None for one that it computes."""
        if not isinstance(node, torch.fx.Node) or node.op != "get_attr":
            return None
        path, _, name = str(node.target).rpartition(".")
        found: Tensor = getattr(self.model.get_submodule(path), name)
        return found.detach()

    def convolution(self, node: torch.fx.Node) -> None:
        if len(node.args) != 7 or isinstance(node.args[4], str):
            return
        arguments: tuple[Any, ...] = node.args
        x, filters, bias, stride, padding, dilation, groups = arguments
        weight = self.constant(filters)
        if weight is None or len(self.sizes.get(x, ())) != 4:
            return  # filters that are computed
        numbers: tuple[Any, ...] = list(padding), list(stride), list(dilation), groups
        last, other, activation = self.following(node, adds=groups == 1)
        key = (filters.target, str(numbers))
        if key not in self.packed:  # layers may share filters
            pack: Any = torch.ops.aten.mkldnn_reorder_conv2d_weight.default
            self.keep(key, pack(weight.to_mkldnn(), *numbers, self.sizes[x]))
        with self.graph.inserting_before(last):
            rest = self.graph.create_node("get_attr", self.packed[key]), bias, *numbers
            if other is None:
                self.replace(last, torch.ops.mkldnn._convolution_pointwise.default, x, *rest, *activation)
            else:
                added = "add", 1.0, *activation
                self.replace(last, torch.ops.mkldnn._convolution_pointwise.binary, x, other, *rest, *added)

    def linear(self, node: torch.fx.Node) -> None:
        arguments: tuple[Any, ...] = node.args
        x, matrix, bias = arguments
        weight = self.constant(matrix)
        if weight is None or x not in self.sizes or weight.numel() < 2**17:
            return  # what is small takes longer to ask oneDNN for than to compute
        last, _, activation = self.following(node, adds=False)
        key = (matrix.target,)
        if key not in self.packed:
            self.keep(key, torch.ops.mkldnn._reorder_linear_weight(weight, self.sizes[x][0]))
        with self.graph.inserting_before(last):
            filters = self.graph.create_node("get_attr", self.packed[key])
            self.replace(last, torch.ops.mkldnn._linear_pointwise.default, x, filters, bias, *activation)

    def keep(self, key: tuple[Any, ...], tensor: Tensor) -> None:
        name = self.packed[key] = f"{key[0].replace('.', '_')}_packed_{len(self.packed)}"
        self.model.register_buffer(name, tensor, persistent=False)

    def replace(self, last: torch.fx.Node, function: Any, *arguments: Any) -> None:
        made = self.graph.call_function(function, arguments)
        self.sizes[made] = self.sizes[last]
        last.replace_all_uses_with(made)

    def following(self, node: torch.fx.Node, adds: bool) -> tuple[torch.fx.Node, Any, tuple[Any, ...]]:
        """The last statement that is computed with a layer, the tensor that is added, and the activation."""
        after = next(iter(node.users))
        if len(node.users) > 1:
            return node, None, ("none", [], "")
        if activation := fused_activation(after):
            return after, None, activation
        if not (adds and after.target is operator.add):
            return node, None, ("none", [], "")
        others: list[Any] = [one for one in after.args if one is not node]
        other = others[0] if others else node
        size = self.sizes.get(other, ())
        # Maps of more than one row and column: one that is repeated along the other stays an addition of its own.
        if other is node or size != self.sizes[node] or min(size[2:]) == 1:
            return node, None, ("none", [], "")
        following = next(iter(after.users))
        if len(after.users) == 1 and following.target is functional.relu:
            return following, other, ("relu", [], "")
        return after, other, (None, [], "")

    def add_in_place(self) -> None:
        """Adds to the other tensor itself where that is a layer's own output, and nothing reads it later."""
        plus, in_place = torch.ops.mkldnn._convolution_pointwise.binary, torch.ops.mkldnn._convolution_pointwise_.binary
        layers = {torch.ops.mkldnn._convolution_pointwise.default, plus, in_place}
        # What reads a tensor and keeps nothing of it.
        readers = {*layers, functional.conv2d, functional.adaptive_avg_pool2d, operator.add, operator.mul}
        seen = set[torch.fx.Node]()
        for node in self.graph.nodes:
            seen.add(node)
            if node.target is not plus:
                continue
            x, other, *rest = node.args
            is_last = all(user in seen and user.target in readers for user in other.users)
            if x is not other and other.target in layers and is_last:
                node.target, node.args = in_place, (other, x, *rest)
'''

FUSING["fuse_model"] = '''
def fuse_model(model: nn.Module, images: Tensor) -> torch.fx.GraphModule:
    """A model for inference on a CPU whose layers are computed with what follows them, without a compiler.

    Its statements are its `code`. Weights are copied into the layout that suits images of the size of `images`, which
    are of the type of the weights, float32 or bfloat16; other sizes are computed, too. There are no gradients.
    """
    if model.training:
        raise ValueError("a model is fused for inference: call eval() first")
    if images.device.type != "cpu" or images.dtype not in (torch.float32, torch.bfloat16):
        raise ValueError(f"a model is fused for float32 or bfloat16 on a CPU, not {images.dtype} on {images.device}")
    with torch.no_grad():
        return Fusion(model, images).fused()
'''
