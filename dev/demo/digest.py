"""A flood of news made readable: some lines of each kind, and how many more there were. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dev.demo.news import Kind, News, plural

_CLOSED_S = 0.5
"""A window that got no more counts for so long has closed in all partitions."""


class Line(NamedTuple):
    """A line to show."""

    kind: Kind
    text: str


class Share(NamedTuple):
    """How much of a kind is shown.

    Attributes:
        lines: Of each group.
        seconds: From a group's first news until it is told.
    """

    lines: int
    seconds: float


FEW: Mapping[Kind, Share] = {
    Kind.COUNTED: Share(3, 3.0),
    Kind.BOUGHT: Share(8, 1.0),
    Kind.UNATTRIBUTED: Share(2, 1.0),
    Kind.LATE: Share(2, 1.0),
    Kind.DEAD: Share(2, 1.0),
}
"""For a few hundred events."""

MANY: Mapping[Kind, Share] = {
    Kind.COUNTED: Share(2, 3.0),
    Kind.BOUGHT: Share(2, 3.0),
    Kind.UNATTRIBUTED: Share(1, 5.0),
    Kind.LATE: Share(1, 5.0),
    Kind.DEAD: Share(2, 5.0),
}
"""For a flood: two or three lines a second."""


@dataclass
class _Group:
    began_s: float
    last_s: float = 0.0
    news: list[News] = field(default_factory=list)


@dataclass
class Digest:
    """News not told yet.

    Attributes:
        shares: How much of each kind is shown.
    """

    shares: Mapping[Kind, Share] = field(default_factory=lambda: FEW)
    _groups: dict[tuple[Kind, str], _Group] = field(default_factory=dict)

    def add(self, news: News, now_s: float) -> None:
        """Take news.

        Args:
            news: To be told soon.
            now_s: A monotonic clock.
        """
        group = self._groups.setdefault((news.kind, news.group), _Group(now_s))
        group.last_s = now_s
        group.news.append(news)

    def due(self, now_s: float) -> list[Line]:
        """The lines to show now."""
        return self._told([key for key in self._groups if self._is_due(*key, now_s)])

    def rest(self) -> list[Line]:
        """The lines of all that was not told yet."""
        return self._told(list(self._groups))

    def _is_due(self, kind: Kind, name: str, now_s: float) -> bool:
        group = self._groups[kind, name]
        closed = kind is Kind.COUNTED and now_s - group.last_s >= _CLOSED_S
        return closed or now_s - group.began_s >= self.shares[kind].seconds

    def _told(self, keys: list[tuple[Kind, str]]) -> list[Line]:
        order = list(Kind)
        lines = []
        for kind, name in sorted(keys, key=lambda key: (order.index(key[0]), key[1])):
            news = self._groups.pop((kind, name)).news
            shown = self.shares[kind].lines
            lines += [Line(kind, one.text) for one in news[:shown]]
            if more := news[shown:]:
                lines.append(Line(kind, _more(kind, name, more)))
        return lines


def _more(kind: Kind, window: str, news: list[News]) -> str:
    clicks = sum(one.clicks for one in news)
    where = f"{window}  " if window else ""
    what = f"{len(news):,} more" if len(news) == 1 else f"{len(news):,} more {kind.more}"
    return f"{where}and {what}" + (f", {plural(clicks, 'click')}" if clicks else "")
