"""The key that ends a view."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Bytes read at once: keys pressed together, or one that sends several.
_MOST_BYTES = 64


@contextmanager
def on_key(key: str, act: Callable[[], None]) -> Iterator[None]:
    """Call something when a key is pressed; nothing where nobody can press one.

    To be entered in a task: the event loop looks at standard input.
    """
    if not sys.stdin.isatty():
        yield
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    loop = asyncio.get_running_loop()

    def read() -> None:
        if key.encode() in os.read(number, _MOST_BYTES):
            act()

    tty.setcbreak(number)  # Ctrl-C still interrupts
    loop.add_reader(number, read)
    try:
        yield
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)
