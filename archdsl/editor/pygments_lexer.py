"""Colours for `.arch` text wherever Pygments is used: `pygmentize`, Sphinx, notebooks."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

from archdsl.elaborate.resolve.words import FUNCTIONS, SETTINGS
from archdsl.ir.operators import PRIMITIVES

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# The units of the grammar's NUMBER.
_NUMBER = r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?(([KMGT](i?B)?|ms|us|s|px)(?![A-Za-z0-9_])|%(?![A-Za-z0-9_(\[{]))?"
# Where a value has just ended, an `x` by itself crosses two sizes; everywhere else it is a name.
_CROSS = r"(?<=[\w)\]] )(?<!\bwhen )(?<!\bthen )(?<!\belse )(?<!\bif )(?<!\bnot )(?<!\band )(?<!\bor )x(?= [\w(])"


class ArchLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """The tokens of `archdsl/language/grammar.lark`. A keyword is one only where it can stand."""

    name = "archdsl"
    aliases: ClassVar[list[str]] = ["arch", "archdsl"]
    filenames: ClassVar[list[str]] = ["*.arch"]
    mimetypes: ClassVar[list[str]] = ["text/x-arch"]
    url = "https://github.com/archdsl/archdsl"
    version_added = ""

    tokens: ClassVar[dict[str, object]] = {
        "root": [
            (r"\s+", Text.Whitespace),
            (r"##[^\n]*", Comment.Special),
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\\\n]*(\\.[^"\\\n]*)*"', String),
            (
                rf"(?m)^(extern)([ \t]+)(block)([ \t]+)({_NAME})",
                bygroups(Keyword.Declaration, Text.Whitespace, Keyword.Declaration, Text.Whitespace, Name.Class),
            ),
            (
                rf"(?m)^(block|model|recipe)([ \t]+)({_NAME})",
                bygroups(Keyword.Declaration, Text.Whitespace, Name.Class),
            ),
            (rf"(?m)^(variants)([ \t]+)({_NAME})", bygroups(Keyword.Declaration, Text.Whitespace, Name.Class)),
            (r"(?m)^use\b(?=[ \t]*\")", Keyword.Namespace),
            (
                rf"(for)([ \t]+)({_NAME})(?:([ \t]*)(,)([ \t]*)({_NAME}))?([ \t]+)(in)\b",
                bygroups(
                    Keyword,
                    Text.Whitespace,
                    Name.Variable,
                    Text.Whitespace,
                    Punctuation,
                    Text.Whitespace,
                    Name.Variable,
                    Text.Whitespace,
                    Keyword,
                ),
            ),
            (r"(extends|for)\b(?=[ \t]+[A-Za-z_])", Keyword),
            (r"require\b(?=[ \t]+[^ \t=.])", Keyword),
            (r"shared\b(?=[ \t]+[A-Za-z_])", Keyword),
            (r"(scale|outputs|stages)\b(?=[ \t]*(\{|[0-9]))", Keyword),
            (
                r"(stages)([ \t]+)(after|before|without)\b(?=[ \t]+[0-9])",
                bygroups(Keyword, Text.Whitespace, Keyword),
            ),
            (words(("if", "then", "else", "when", "as"), suffix=r"\b(?!\s*=(?!=))"), Keyword),
            (words(("and", "or", "not"), suffix=r"\b(?!\s*=(?!=))"), Operator.Word),
            (words(("true", "false", "none"), suffix=r"\b(?!\s*=(?!=))"), Keyword.Constant),
            (_NUMBER, Number),
            (_CROSS, Operator.Word),
            (words(("in", "out"), suffix=r"\b"), Name.Builtin.Pseudo),
            (words(sorted(SETTINGS), suffix=r"\b"), Name.Variable.Magic),
            (words(sorted({*PRIMITIVES, *FUNCTIONS}), suffix=r"\b"), Name.Builtin),
            (rf"{_NAME}(?=\()", Name.Function),
            (rf"{_NAME}(?=\s*=(?!=))", Name.Variable),
            (rf"(\.)({_NAME})", bygroups(Punctuation, Name.Attribute)),
            (_NAME, Name),
            (r"->|\.\.|\+-|==|!=|<=|>=|\*\*|//|[-+*/%<>=]", Operator),
            (r"[|{}()\[\],.:]", Punctuation),
        ]
    }
