"""The little Markdown that the pages are made of."""

from collections.abc import Iterable, Sequence

_NOTE = "<!-- Made by `python -m dev.reference` from the code: change that, not this page. -->"


def page(title: str, *parts: str) -> str:
    """A page: the note that it is made, its title, its parts with an empty line between."""
    return "\n\n".join([_NOTE, f"# {title}", *(part for part in parts if part)]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a cell may hold any text."""
    lines = [_row(columns), _row(["---"] * len(columns))]
    return "\n".join(lines + [_row([_cell(text) for text in row]) for row in rows])


def code(text: object) -> str:
    """Text as it is typed; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def block(text: str, language: str = "text") -> str:
    """Lines as they are printed."""
    return f"```{language}\n{text}\n```"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
