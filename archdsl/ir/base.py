"""What every part of the IR has in common."""

from typing import Annotated, Any, NamedTuple, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_T = TypeVar("_T")
_set = object.__setattr__


class Frozen(BaseModel):
    """Immutable, and strict about what it is given: an unknown field is an error."""

    # Validators are built when first needed: reading JSON needs them, elaborating a text does not.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)

    @classmethod
    def made(cls, **fields: Any) -> Self:
        """An instance of fields that are known to be right, without validation.

        The elaborator, which has checked them, is the only caller: building pydantic's validators for a process takes
        30 ms, an eighth of an `archdsl estimate` (`python -m benchmarks.validation`).
        """
        names = cls.__pydantic_fields__
        if len(fields) != len(names):  # the others are as they are unless said
            return cast("Self", cls.model_construct(set(fields), **fields))
        # What `model_construct` does, without its search for aliases, in two thirds of the time.
        one = cls.__new__(cls)
        _set(one, "__dict__", {name: fields[name] for name in names})
        _set(one, "__pydantic_fields_set__", set(fields))
        _set(one, "__pydantic_extra__", None)
        _set(one, "__pydantic_private__", None)
        return one


class Shape(NamedTuple):
    """The shape of one image's tensor, without the batch: channels, height, width."""

    channels: int
    height: int
    width: int

    @property
    def elements(self) -> int:
        return self.channels * self.height * self.width

    @property
    def is_line(self) -> bool:
        """Whether it is that of a series, which has one dimension besides the channels."""
        return False

    @property
    def sizes(self) -> tuple[int, ...]:
        """The dimensions of the tensor itself: channels and those of its positions."""
        return tuple(self)

    @property
    def facts(self) -> tuple[tuple[str, int], ...]:
        """What a text can ask of it, by name."""
        return ("channels", self.channels), ("height", self.height), ("width", self.width)

    @property
    def side(self) -> int:
        """What says how large a map is: its height, or the length of a series."""
        return self.height

    @property
    def positions(self) -> str:
        """Height and width, or the length of a series, as text."""
        return f"{self.height} x {self.width}"

    def alike(self, other: "Shape") -> "Shape":
        """The other shape, as that of a tensor with as many dimensions as this one's."""
        return other

    def stretched(self, other: "Shape") -> "Shape":
        """The shape of this one and another combined, where a side that is 1 stretches."""
        return self.alike(Shape(*map(max, self, other)))

    def each(self, height: _T, width: _T) -> tuple[_T, ...]:
        """What there is for each dimension besides the channels, of what there is for a height and a width."""
        return height, width

    def said(self, size: "int | Size") -> str:
        """A kernel, a stride or a padding of its layers, as text."""
        return str(size)

    def __str__(self) -> str:
        return f"{self.channels} x {self.height} x {self.width}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In JSON three numbers, and two for a series."""
        number = core_schema.int_schema()
        three, two = (core_schema.tuple_positional_schema([number] * count) for count in (3, 2))
        return core_schema.tagged_union_schema(
            {
                "map": core_schema.no_info_after_validator_function(lambda sizes: Shape(*sizes), three),
                "series": core_schema.json_or_python_schema(
                    core_schema.no_info_after_validator_function(lambda sizes: Line(sizes[0], 1, sizes[1]), two),
                    core_schema.is_instance_schema(Line),
                ),
            },
            lambda given: "series" if isinstance(given, Line) or _is_of_two(given) else "map",
            serialization=core_schema.plain_serializer_function_ser_schema(lambda shape: shape.sizes, when_used="json"),
            ref=f"{cls.__module__}.Shape:{id(Shape)}",
        )


def _is_of_two(given: object) -> bool:
    return isinstance(given, list) and len(given) == 2


class Line(Shape):
    """The shape of a series, channels x length: of what has one dimension, such as sound.

    To all that computes with heights it is a map of height 1, on which kernels are `1 x n`; so the rules of shapes and
    costs are those of maps. It is written, and built in PyTorch, without the height.
    """

    __slots__ = ()

    @classmethod
    def of(cls, size: "Size") -> "Line":
        """What a text writes as two sizes: `1 x 16000`."""
        return cls(size.height, 1, size.width)

    @property
    def is_line(self) -> bool:
        return True

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.channels, self.width

    @property
    def facts(self) -> tuple[tuple[str, int], ...]:
        return ("channels", self.channels), ("length", self.width), ("width", self.width)

    @property
    def side(self) -> int:
        return self.width

    @property
    def positions(self) -> str:
        return str(self.width)

    def alike(self, other: Shape) -> Shape:
        return other if isinstance(other, Line) else Line(*other)

    def each(self, height: _T, width: _T) -> tuple[_T, ...]:
        return (width,)

    def said(self, size: "int | Size") -> str:
        return str(size.width if isinstance(size, Size) else size)

    def __str__(self) -> str:
        return f"{self.channels} x {self.width}"


Count = Annotated[int, Field(ge=1, lt=2**31)]


Margin = Annotated[int, Field(ge=0, lt=2**31)]


class Size(NamedTuple):
    """A height and a width, such as those of a kernel that is not square."""

    height: Margin
    width: Margin

    def __str__(self) -> str:
        return f"{self.height} x {self.width}"


class Place(NamedTuple):
    """Where in the source something came from: file, and 1-based line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class ShapeError(Exception):
    """An operator refuses its input. `attribute` is the one to blame, if any; the elaborator adds the place."""

    def __init__(self, message: str, kind: str, attribute: str | None = None, help: str | None = None):
        super().__init__(message)
        self.message, self.kind, self.attribute, self.help = message, kind, attribute, help


# What backends write as names, and so as code. A text of the language has no others; JSON may come from anywhere.
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

# A layer, a stage or a variant may be a number, and a layer that has no name of its own has none.
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$")]

# A tensor of the model: `input`, `stem`, `stages.c3`; and one of a block.
Dotted = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$")]

# A block and the number of its instance: `mbconv:3`.
BlockId = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(:[0-9]+)?$")]

Scalar = bool | int | float | str | Size | None
