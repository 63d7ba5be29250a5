"""Reads files of Python, also those with print statements of Python 2 or magic lines of notebooks."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from chainrule.host.source.notebooks import python_2, without_magic_lines

PRINTS = "chainrule read Python 2's print statements as calls of print, and zip, map and filter as lists"
MAGIC = "chainrule left out the magic lines of a notebook that was exported to this file"
CAUGHT = re.compile(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+)\s*:", re.MULTILINE)
ENDS = (tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER)
BEFORE = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENCODING)


def parse_file(path: Path) -> tuple[list[ast.stmt], list[str]]:
    """(the statements of a file, notes on what chainrule changed to read them).  Raises SyntaxError."""
    source = path.read_bytes()
    try:
        return ast.parse(source, str(path)).body, []
    except SyntaxError as error:
        text, notes = source.decode("utf-8", "replace").replace("\r\n", "\n"), []
        called = with_calls_of_print(text) if "print" in text else text
        if called != text and (python_2(error) or "%" in (error.text or "")):
            notes.append(PRINTS)
            text = CAUGHT.sub(r"\1 as \2:", called)
        plain = without_magic_lines(text)
        notes += [MAGIC] if plain != text else []
        if notes:
            with contextlib.suppress(SyntaxError):
                tree = ast.parse(plain, str(path))
                return (Lists().visit(tree) if PRINTS in notes else tree).body, notes
        raise


class Lists(ast.NodeTransformer):
    """Makes functions that give lists in Python 2, and iterators since, give lists."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name) or node.func.id not in ("zip", "map", "filter"):
            return node
        whole = ast.Call(ast.Name("list", ast.Load()), [node], [])
        return ast.fix_missing_locations(ast.copy_location(whole, node))


def with_calls_of_print(text: str) -> str:
    """The text with parentheses around what each print statement prints, line by line as it was."""
    lines = text.splitlines(keepends=True)
    found = list(print_statements(without_magic_lines(text)))
    for (line, begin), (last, end) in reversed(found):  # from behind, so that columns stay right
        lines[last - 1] = lines[last - 1][:end].rstrip() + ")" + lines[last - 1][end:]
        lines[line - 1] = lines[line - 1][:begin] + "(" + lines[line - 1][begin:].lstrip(" ")
    return "".join(lines)


def print_statements(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """(where `print` ends, where its values end) of every print statement that is not a call already."""
    tokens: list[tokenize.TokenInfo] = []
    with contextlib.suppress(tokenize.TokenError, SyntaxError, IndentationError):
        tokens += tokenize.generate_tokens(io.StringIO(text).readline)
    for i, token in enumerate(tokens[:-1]):
        begins = i == 0 or tokens[i - 1].type in BEFORE or tokens[i - 1].string in (";", ":")
        if token.string != "print" or not begins or tokens[i + 1].string in ("(", "=", ">>", "."):
            continue
        depth = 0
        for j in range(i + 1, len(tokens)):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(tokens[j].string, 0)
            if depth == 0 and (tokens[j].type in ENDS or tokens[j].string == ";"):
                yield token.end, tokens[j - 1].end if j > i + 1 else token.end
                break
