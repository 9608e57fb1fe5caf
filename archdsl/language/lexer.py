"""Text to tokens, for Lark: what its contextual lexer does, with two rules of this language.

A line end inside `( )` and `[ ]`, and behind the `:` of a loop, means nothing, and a text ends with one whether it says
so or not. A word is a keyword only where the parser could go on with it. So only keywords depend on the context: one
pattern finds the tokens of all states, where Lark's own contextual lexer compiles one a state, which takes longer than
most texts take to parse.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lark.common import LexerConf
from lark.exceptions import UnexpectedCharacters
from lark.lexer import ContextualLexer, LexerState, TerminalDef, Token
from lark.parsers.lalr_parser_state import ParserState

LINE_END, NAME, COLON, TEXT_END = "_NEWLINE", "NAME", "_COLON", "$END"
_DEEPER = {"OPEN_PAREN": 1, "OPEN_BRACKET": 1, "CLOSE_PAREN": -1, "CLOSE_BRACKET": -1}


class Lexer(ContextualLexer):
    """The lexer that Lark makes for a parser; its tokens have no lines and columns, which `Span` counts when asked."""

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        is_word = re.compile(conf.terminals_by_name[NAME].pattern.to_regexp()).fullmatch
        self._states = states
        self._keywords = {
            terminal.pattern.value: terminal.name
            for terminal in conf.terminals
            if terminal.pattern.type == "str" and is_word(terminal.pattern.value)
        }
        self._ignored = frozenset(conf.ignore)
        others = (terminal for terminal in conf.terminals if terminal.pattern.value not in self._keywords)
        patterns = (f"(?P<{one.name}>{one.pattern.to_regexp()})" for one in sorted(others, key=_rank))
        self._match = re.compile("|".join(patterns)).match

    def lex(self, lexer_state: LexerState, parser_state: ParserState[int]) -> Iterator[Token]:
        """The tokens of a text, each made when the parser has taken the one before. Raises UnexpectedCharacters."""
        text, counter = lexer_state.text.text, lexer_state.line_ctr
        match, ignored, keywords, states = self._match, self._ignored, self._keywords, self._states
        stack = parser_state.state_stack
        position, length, depth, kind = counter.char_pos, lexer_state.text.end, 0, ""
        token: Token | None = None
        while position < length:
            found = match(text, position)
            if found is None:
                refusal: Exception = UnexpectedCharacters(  # type: ignore[no-untyped-call]
                    text, position, 1, position + 1, state=parser_state
                )
                raise refusal
            start, position = position, found.end()
            lexed = found.lastgroup or ""
            if lexed in ignored:
                continue
            kind, word = lexed, found.group()
            if kind == NAME:
                keyword = keywords.get(word)
                if keyword is not None and keyword in states[stack[-1]]:
                    kind = keyword
            elif kind == LINE_END:
                if depth or (token is not None and token.type == COLON):
                    continue
            elif kind in _DEEPER:
                depth += _DEEPER[kind]
            counter.char_pos = position
            lexer_state.last_token = token = Token(kind, word, start, end_pos=position)
            yield token
        last = lexer_state.last_token
        if last is not None and kind != LINE_END:
            yield Token(LINE_END, "\n", last.start_pos, end_pos=last.end_pos)


def _rank(terminal: TerminalDef) -> tuple[int, int, int, str]:
    """The order in which Lark tries terminals."""
    pattern = terminal.pattern
    return -terminal.priority, -pattern.max_width, -len(pattern.value), terminal.name
