"""Real user agents, from packages that gather them and ship them inside."""

import json
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import NamedTuple


class Agents(NamedTuple):
    """User agents to draw from.

    Attributes:
        people: Browsers on desktops, mobiles and tablets.
        cum_weights: Their shares of real traffic, added up.
        bots: Crawlers, monitors and previewers.
    """

    people: tuple[str, ...]
    cum_weights: tuple[float, ...]
    bots: tuple[str, ...]


@cache
def real_agents() -> Agents:
    """All agents that fake-useragent (people) and crawler-user-agents (bots) know."""
    text = files("fake_useragent.data").joinpath("browsers.jsonl").read_text("utf-8")
    people = [json.loads(line) for line in text.splitlines()]
    text = files("crawleruseragents").joinpath("crawler-user-agents.json").read_text("utf-8")
    bots = [agent for crawler in json.loads(text) for agent in crawler.get("instances", [])]
    return Agents(
        tuple(person["useragent"] for person in people),
        tuple(accumulate(person["percent"] for person in people)),
        tuple(dict.fromkeys(bots)),
    )
