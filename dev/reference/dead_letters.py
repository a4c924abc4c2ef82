"""The page of the dead letters' codes, from the enumeration and what stands below each member."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise

from dev.reference.markdown import code, page, table
from models.errors import RejectCode

_INTRODUCTION = """\
An input record that can't be used goes to `dead-letters`, key and value as received, with three
headers: `code` (below; stable, safe to alert on), `message` (the rule, what was got, the remedy)
and `source` (`<topic>-<partition>-<offset>` of the input record). Lines of files that `faust -A
app load` can't read have codes of their own, and file and line as `source`. What to do about
them: [Fix bad input](../how-to/fix-bad-input.md)."""


def page_of_dead_letters() -> str:
    """Every code and the rule that it stands for."""
    return page("Dead letters", _INTRODUCTION, table(("code", "the record"), _rows()))


def _rows() -> Iterator[tuple[str, str]]:
    """Each member's value, and the text below it."""
    tree = ast.parse(inspect.getsource(RejectCode))
    body = [node for found in tree.body if isinstance(found, ast.ClassDef) for node in found.body]
    for member, text in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr):
            yield code(ast.literal_eval(member.value)), str(ast.literal_eval(text.value))
