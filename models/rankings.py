"""What is kept of a window as a whole: its summary, and the clicks on each product and page.

Rows of the counting stage beside those of users, in the same window and the same transaction:

- ``s``, the window's start (8 bytes, big-endian): the summary, as JSON.
- ``i``, the start, a product: how many of the window's clicks are on it, in decimal.
- ``g``, the start, a page: the same. A page is its text up to the first ``?`` or ``#``, cut to 512
  bytes on a character's border; a click without one is in no row, nor is one without a product.

Each speaks of the users of its own partition: the sum over all partitions is the window's. A
summary's ``late`` counts the clicks that came after the window had closed, until it expires.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from models.fields import MAX_ID_BYTES

SUMMARY, PRODUCT, PAGE = b"s", b"i", b"g"

#: The rankings that can be kept beside that of users, and the kind of their rows.
RANKED = {"products": PRODUCT, "pages": PAGE}
#: Bytes of a page that count: all pages of a shop fit, and no client can make rows of any size.
MAX_PAGE_BYTES = 512


class Summary(msgspec.Struct, frozen=True):
    """A window as a whole.

    Attributes:
        clicks: Clicks that were counted.
        users: Users with such clicks.
        late: Clicks that came too late to be counted.
    """

    clicks: int = 0
    users: int = 0
    late: int = 0

    def __add__(self, other: "Summary") -> "Summary":
        return Summary(self.clicks + other.clicks, self.users + other.users, self.late + other.late)


_decode = msgspec.json.Decoder(Summary).decode


def summary_in(row: bytes | None) -> Summary:
    """The summary in a row; an empty one without a row."""
    return Summary() if row is None else _decode(row)


def window_key(kind: bytes, start_ms: int) -> bytes:
    """What the keys of a window's rows of a kind begin with; a summary's whole key."""
    return kind + start_ms.to_bytes(8, "big")


def product_names(products: Iterable[str | None]) -> Counter[bytes]:
    """Clicks by product, of a window's clicks; None for a click on none."""
    found = Counter[bytes]()
    for product, clicks in Counter(products).items():
        if product and len(name := product.encode()) <= MAX_ID_BYTES:
            found[name] = clicks
    return found


def page_names(pages: Iterable[object]) -> Counter[bytes]:
    """Clicks by page, of a window's clicks; what is no text is no page."""
    found = Counter[bytes]()
    for page, clicks in Counter([page for page in pages if isinstance(page, str)]).items():
        if name := page_name(page):
            found[name] += clicks
    return found


def page_name(page: str) -> bytes:
    """A page as it is ranked: without query and fragment, and not too long."""
    name = page.partition("?")[0].partition("#")[0].encode()
    if len(name) > MAX_PAGE_BYTES:
        return name[:MAX_PAGE_BYTES].decode(errors="ignore").encode()
    return name
