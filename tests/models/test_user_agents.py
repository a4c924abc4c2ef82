"""What user agents are found to be."""

import csv
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crawlerdetect import CrawlerDetect
from hypothesis import given, settings
from hypothesis import strategies as st

from models.user_agents import MAX_CHARS, UNKNOWN, UserAgent, classify

DEVICES = {"desktop", "mobile", "tablet", "tv", "bot", "other"}
#: Seconds an agent may take on a busy machine; it takes some 1 ms.
SOON_S = 0.25


def rows() -> list[dict[str, str]]:
    """The table of real agents."""
    path = Path(__file__).with_name("user_agents.tsv")
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


REAL = rows()


@pytest.mark.parametrize("row", REAL, ids=[row["agent"][:50] for row in REAL])
def test_a_real_agent_is_what_it_is(row: dict[str, str]) -> None:
    """Desktops, telephones, tablets, televisions, consoles, crawlers, feed readers, libraries."""
    device = row["device"]
    expected = UserAgent(device, row["browser"], row["os"], bot=device == "bot")
    assert expected == classify(row["agent"])


def test_the_table_has_every_kind_of_device() -> None:
    """None is left untried."""
    assert DEVICES == {row["device"] for row in REAL}


@pytest.mark.parametrize("agent", [None, ""])
def test_a_click_without_an_agent_is_of_a_device_unknown_and_no_bot(agent: str | None) -> None:
    """Nothing speaks for a bot."""
    assert UserAgent("other", "other", "other", bot=False) == UNKNOWN == classify(agent)


@pytest.mark.parametrize("agent", [" ", "\x00", "?", "Other", "\ud800", "後", "Mozilla/5.0"])
def test_an_agent_that_says_nothing_is_other_in_all(agent: str) -> None:
    """White space, control characters, a lone surrogate, any script."""
    assert UNKNOWN == classify(agent)


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Linux; Android 13; KFTRWI) Silk/110 Mobile Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Linux; Android 4.2; SD4930UR) Silk/3 Mobile Safari/535", "mobile"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6; Silk/1.0) Safari/533", "tablet"),
        ("Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7233) Mobile Safari/537.36", "tv"),
        ("Mozilla/5.0 (Windows NT 10.0) Firefox/118.0 the day after", "desktop"),
        ("Mozilla/5.0 (Linux; Android 11; Tablet) Firefox/118.0", "tablet"),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0) like Gecko", "desktop"),
        ("Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) NF/4.0.0.5.10", "other"),
        ("AppleCoreMedia/1.0.0 (Apple TV; U; CPU OS 11_1 like Mac OS X; en_us)", "tv"),
        ("Shop/7 CFNetwork/1408.0.4 Darwin/22.5.0", "mobile"),
        ("Safari/9537.73.11 CFNetwork/673.0.3 Darwin/13.0.0 (x86_64)", "desktop"),
    ],
)
def test_the_most_telling_word_decides_the_device(agent: str, device: str) -> None:
    """A television says Android too, a tablet Mobile, a notebook Tablet PC."""
    assert device == classify(agent).device


MONITORS = ["Blackbox Exporter/0.24.0", "Datadog/Synthetics", "Prometheus/2.47.0"]
TOOLS = ["insomnia/2023.5.8", "okhttp/4.12.0", "Java/17.0.9", "Wget/1.21", "YandexImages/3.0"]


@pytest.mark.parametrize("agent", [*MONITORS, *TOOLS])
def test_what_is_automated_is_a_bot(agent: str) -> None:
    """Monitors and HTTP libraries as much as crawlers."""
    found = classify(agent)
    assert ("bot", True) == (found.device, found.bot)


FRAGMENTS = st.sampled_from(
    ["Mozilla/5.0 ", "(compatible; ", "Android 4.0", " Mobile", "bot", "cubot", "Chrome/1.2", "/"]
)
WORDS = st.sampled_from(["Yandex", "Search", "Linux", ";", " ", "http://", "Java/1", "curl/8", "("])
AGENTS = st.lists(FRAGMENTS | WORDS | st.text(max_size=8), max_size=12).map("".join)


@given(AGENTS)
@settings(deadline=None)
def test_a_bot_is_what_crawler_detect_says(agent: str) -> None:
    """Its patterns run in another engine: the answer is the same."""
    assert CrawlerDetect().is_crawler(agent) == classify(agent).bot


@given(st.text(st.characters(), max_size=2 * MAX_CHARS) | AGENTS)
@settings(deadline=None)
def test_any_text_has_an_answer(agent: str) -> None:
    """A device of the list, names that are not empty; a bot's device is bot."""
    found = classify(agent)
    assert found.device in DEVICES
    assert found.bot == (found.device == "bot")
    assert found.browser
    assert found.os
    assert "Other" not in {found.browser, found.os}


HOSTILE = ["A", "1", "-_", "(", "; ", "http://", "Android; ", "Tizen silk ", "AFT", " ", "é", "bot"]
REPEATED = ["Opera Mini/1.", "Build/", "MSIE 9.0; ", ".NET CLR 1", "x86_", "Mozilla/5.0 (", "\x00"]


@pytest.mark.parametrize("part", [*HOSTILE, *REPEATED])
def test_no_agent_takes_long(part: str) -> None:
    """Neither one that is made to backtrack, nor one of a mebibyte."""
    classify("the first builds the parsers")
    for agent in (part * (MAX_CHARS // len(part)) + "!", part * (2**20 // len(part))):
        began = time.perf_counter()
        classify(agent)
        assert time.perf_counter() - began < SOON_S


def test_what_follows_the_first_1024_characters_does_not_count() -> None:
    """So that a long agent costs no more memory than time."""
    padding = "Mozilla/5.0 (X11; Linux x86_64)".ljust(MAX_CHARS)
    assert not classify(padding + "Googlebot/2.1").bot
    assert classify(padding[: -len("Googlebot/2.1")] + "Googlebot/2.1").bot


def test_an_import_builds_no_parser() -> None:
    """A command that classifies nothing does not wait for it."""
    code = (
        "import models.user_agents as u;"
        "assert u._families.cache_info().currsize == u._bots.cache_info().currsize == 0;"
        "u.classify('x');"
        "assert u._families.cache_info().currsize == u._bots.cache_info().currsize == 1"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
