"""What counts as shown."""

import pytest

from tests.docs.shown import shows


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a\nb\n", "a\nb\n"),
        ("a  b\n", "a b   \n\n"),
        ("…\n", ""),
        ("a\n…\nz\n", "a\nb\nc\nz\n"),
        ("took … s\n", "took 3.1 s\n"),
        ("…\nz\n", "z\nz\n"),
    ],
)
def test_lines_are_shown(shown: str, printed: str) -> None:
    """Blanks count as one, and … is anything."""
    assert shows("text", shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a\n", "b\n"),
        ("a\n", "a\nb\n"),
        ("a\nb\n", "a\n"),
        ("b\n…\na\n", "a\nb\n"),
        ("5 clicks\n", "6 clicks\n"),
        ("took … s\n", "took 3.1 ms\n"),
    ],
)
def test_other_lines_are_not_shown(shown: str, printed: str) -> None:
    """Each line, in order, with its numbers, and nothing between two that are shown."""
    assert not shows("text", shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ('{"a": 1}', '{"a":1,"b":2}'),
        ('{"a": "…"}', '{"a":[1]}'),
        ('["…", 3]', "[1,2,3]"),
        ('["…"]', "[]"),
        ('{"t": "2025-…Z"}', '{"t":"2025-01-01Z"}'),
    ],
)
def test_values_are_shown(shown: str, printed: str) -> None:
    """Fields may be left out, … is any value or any number of elements."""
    assert shows("json", shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ('{"a": 1}', '{"b":1}'),
        ('{"a": 1}', '{"a":2}'),
        ("[1]", "[1,2]"),
        ('["…", 3]', "[3,4]"),
        ("1", "true"),
        ('{"a": "…"}', "no JSON"),
    ],
)
def test_other_values_are_not_shown(shown: str, printed: str) -> None:
    """A shown field is there, with its value; a list is told to its end."""
    assert not shows("json", shown, printed)
