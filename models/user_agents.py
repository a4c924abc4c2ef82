"""What a user agent is: the kind of device, the browser, the system, and whether it is a bot.

Browser and system are ua-parser's families, by its Rust engine. A bot is what CrawlerDetect's list
says. Against the 559 agents of the sample access log that list finds 99 bots; ua-parser's
own "Spider" finds 50, all of them among the 99, and misses the feed readers, link previews,
monitors and HTTP libraries. So ua-parser's device patterns, two thirds of its start-up, are left
out, and a device is found by the few rules below.

CrawlerDetect's patterns and the rules run in ua-parser's engine as well: Python's takes 340
microseconds an agent for the bots alone, and 90 ms for a hostile one of 1,024 characters; this one
takes 17, and half a millisecond. Nothing is built before the first agent.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from crawlerdetect.providers.crawlers import data as crawlers
from crawlerdetect.providers.exclusions import data as exclusions
from ua_parser.core import Domain, PartialResult
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver
from ua_parser_rs import UserAgentExtractor

#: Characters of an agent that count: the longest of the sample log has 294. It bounds the time of
#: one agent and, with CACHED_AGENTS, memory.
MAX_CHARS = 1024

#: Agents whose class is kept: some 4 MB of usual ones, 35 MB of the longest.
CACHED_AGENTS = 8192

#: A browser or system that nobody knows, and a device that is none of the others.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What a user agent is.

    Attributes:
        device: desktop, mobile, tablet, tv, bot or other; bot exactly if ``bot``.
        browser: ua-parser's family, such as ``Chrome`` or ``Mobile Safari``, or ``other``.
        os: ua-parser's family, such as ``Windows`` or ``iOS``, or ``other``.
        bot: No human looks: crawlers, feed readers, link previews, monitors, and HTTP libraries
            and command line tools, which are automated whoever started them.
    """

    device: str
    browser: str
    os: str
    bot: bool


#: A click that does not tell its user agent.
UNKNOWN = UserAgent(OTHER, OTHER, OTHER, bot=False)

#: Automata that CrawlerDetect's list lacks.
_MORE_BOTS = (
    r"^Blackbox[ -]Exporter",
    r"^Chef Client/",
    r"^Datadog",
    r"^insomnia/",
    r"Playwright",
    r"^portscout/",
    r"^Prometheus/",
)

_CONSOLE = r"playstation|xbox|nintendo"
_TV = (
    r"smart-?tv|hbbtv|apple ?tv|google ?tv|android ?tv|fire ?tv|(?-i:\bAFT[A-Z0-9]{1,8}\b)"
    r"|\broku\b|bravia|web0s|\bwebos\.tv|netcast|nettv|viera|vidaa|crkey|chromecast"
    r"|\btv safari|\bdtv\b|\bmitv|\bmibox"
)
_TABLET = (
    r"ipad|tablet|kindle|(?-i:\bKF[A-Z]{2,7}\b)|playbook|touchpad|\bnook|\bxoom\b"
    r"|nexus (?:7|9|10)\b|\bsm-[tx]\d|\bgt-[pn][135-8]\d{3}"
)
_MOBILE = (
    r"mobi|phone|ipod|opera mini|dalvik|instagram|blackberry|\bbb10\b|windows ce|symbian"
    r"|series ?[346]0|nokia|midp|\bmaui\b|kaios|\bbada\b|j2me|up\.browser"
)
_DESKTOP = r"windows|macintosh|mac ?os|\bx11\b|linux|\bcros\b|bsd\b|sunos|cygwin|haiku"

#: Devices by what gives them away, most telling first: a television also says Android or Linux, a
#: tablet Android, a telephone Linux. Consoles are neither desktop nor television, and a notebook
#: with a "Tablet PC" component is no tablet. An Android without "Mobile" is a tablet unless it is
#: an app's or a proxy's agent, which never says so. iPadOS calls itself a Macintosh: a desktop.
_DEVICES = (
    (OTHER, _CONSOLE),
    ("tv", _TV),
    ("desktop", r"tablet pc"),
    ("tablet", _TABLET),
    ("mobile", r"silk.*mobile"),
    ("tablet", r"silk"),
    ("mobile", _MOBILE),
    ("tablet", r"android"),
    ("desktop", _DESKTOP),
)

#: Devices by system, for apps whose agent names nothing else (``Shop/1 CFNetwork Darwin``).
_DEVICE_OF_OS = {"iOS": "mobile", "Mac OS X": "desktop", "ATV OS X": "tv", "tvOS": "tv"}


def classify(user_agent: str | None) -> UserAgent:
    """Find what a user agent is; any text has an answer.

    The first agent of a process takes some 0.3 s, one not seen lately some 50 microseconds, one of
    the last CACHED_AGENTS a tenth of a microsecond.

    Args:
        user_agent: The browser's own words, of which MAX_CHARS characters count.
    """
    return _classify(user_agent[:MAX_CHARS]) if user_agent else UNKNOWN


@lru_cache(CACHED_AGENTS)
def _classify(user_agent: str) -> UserAgent:
    # The Rust engine takes UTF-8 only: a lone surrogate becomes a question mark.
    text = user_agent.encode(errors="replace").decode().strip()
    found = _families()(text, Domain.USER_AGENT | Domain.OS)
    bot = _is_bot(text)
    browser, system = _names(found)
    return UserAgent("bot" if bot else _device(text, system), browser, system, bot)


def _names(found: PartialResult) -> tuple[str, str]:
    browser = found.user_agent.family if found.user_agent else OTHER
    system = found.os.family if found.os else OTHER
    return (OTHER if browser == "Other" else browser, OTHER if system == "Other" else system)


def _device(text: str, system: str) -> str:
    found = _devices().extract(text)
    return found.family if found else _DEVICE_OF_OS.get(system, OTHER)


def _is_bot(text: str) -> bool:
    """CrawlerDetect's rule: without what every browser says, a pattern of the list is left."""
    excluded, lookaround, patterns = _bots()
    rest = excluded.sub("", text)
    return bool(patterns.extract(rest) or lookaround.search(rest))


@cache
def _families() -> Resolver:
    browsers, systems, _ = load_lazy_builtins()
    return Resolver((browsers, systems, []))


@cache
def _devices() -> UserAgentExtractor:
    return _first_of(_DEVICES)


@cache
def _bots() -> tuple[re.Pattern[str], re.Pattern[str], UserAgentExtractor]:
    """What to leave out, the patterns that only Python's engine knows, and all others."""
    linear = [*(p for p in crawlers if "(?" not in p), *_MORE_BOTS]
    return (
        re.compile("|".join(exclusions), re.IGNORECASE),
        re.compile("|".join(p for p in crawlers if "(?" in p) or r"(?!)", re.IGNORECASE),
        _first_of(("bot", pattern) for pattern in linear),
    )


def _first_of(rules: Iterable[tuple[str, str]]) -> UserAgentExtractor:
    """The name of the first pattern that is found, in ua-parser's linear time, as a family."""
    return UserAgentExtractor((f"(?i){p}", name, None, None, None, None) for name, p in rules)
