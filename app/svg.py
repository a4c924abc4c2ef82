"""What all pictures share: one file, readable in a light and a dark page, and told in words."""

from collections.abc import Iterable
from html import escape

_ROOT = 'font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="t d"'

# A picture in a page is told which colours its reader prefers, and has a ground of its own.
_STYLE = """
 svg{--ground:#fff;--ink:#202124;--faint:#5f6368;--grid:#dadce0;
  --line:#3367d6;--line-1:#b3261e;--line-2:#137333;--line-3:#8430ce}
 @media (prefers-color-scheme:dark){
  svg{--ground:#1f2023;--ink:#e8eaed;--faint:#a8adb4;--grid:#44474c;
  --line:#8ab4f8;--line-1:#f28b82;--line-2:#81c995;--line-3:#d7aefb}}
 .ground{fill:var(--ground)}text{fill:var(--ink);text-anchor:middle}
 .faint{fill:var(--faint);font-size:12px}.value{text-anchor:end}.title{font-size:16px}
 .grid{stroke:var(--grid)}.axis{stroke:var(--faint)}.spread{stroke:var(--line)}
 .line{fill:none;stroke:var(--line);stroke-width:2}.point{fill:var(--line)}
 .label{stroke:var(--ground);stroke-width:5;paint-order:stroke}
"""


def document(
    size: tuple[int, int], title: str, told: str, parts: Iterable[str], style: str = ""
) -> str:
    """A picture.

    Args:
        size: Its width and height.
        title: What it shows.
        told: The same in words, for those who can't see it.
        parts: Its elements, the lowest first.
        style: Rules beside those of all pictures.
    """
    width, height = size
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {_ROOT}>',
            f'<title id="t">{escape(title)}</title>',
            f'<desc id="d">{escape(told)}</desc>',
            f"<style>{_STYLE}{style}</style>",
            f'<rect class="ground" width="{width}" height="{height}" rx="8"/>',
            *parts,
            "</svg>\n",
        ]
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of a class."""
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def text(x: float, y: float, words: str, kind: str) -> str:
    """Words of a class."""
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>'


def upright(x: float, y: float, words: str) -> str:
    """What an axis upward shows, beside it."""
    turned = f'class="faint" transform="translate({x} {y}) rotate(-90)"'
    return f"<text {turned}>{escape(words)}</text>"
