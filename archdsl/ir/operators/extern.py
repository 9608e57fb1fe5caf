"""A layer whose module the caller of the network brings: what a text declares of it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Name, Scalar, Shape
from archdsl.ir.operators.base import Operator

# What stands before the name of an argument where attributes have names, too: no attribute is called so.
ARGUMENT = "argument "
# So much is asked of a count that the sums of many of them are numbers to other programs, too.
MOST = 2**48
_Total = Annotated[int, Field(ge=0, le=MOST)]


class Extern(Operator):
    """A module that an `extern block` declares, applied: no primitive of the language, and no code either.

    `module` is the block's name, under which a caller gives what constructs the module, and `arguments` are the values
    of the block's parameters that it is constructed with. The shape that comes out, `params` and `multiplications` (of
    one image) are what the text declares for this input. Nothing is known of what happens inside.
    """

    is_weighted: ClassVar[bool] = True
    kind: Literal["extern"] = "extern"
    module: Name
    arguments: tuple[tuple[Name, Scalar], ...]
    channels: Count
    height: Count
    width: Count
    params: _Total
    multiplications: _Total

    @property
    def reads_more(self) -> bool:
        return True  # all that its block is given

    def value(self, name: str) -> Scalar:
        """The value of a parameter of the block."""
        return dict(self.arguments)[name]

    def output(self, *shapes: Shape) -> Shape:
        return Shape(self.channels, self.height, self.width)

    def parameters(self, *shapes: Shape) -> int:
        return self.params

    def macs(self, *shapes: Shape) -> int:
        return self.multiplications
