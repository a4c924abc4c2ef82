"""Laws of changing schemas: fields are added, and nothing else; what is published stays."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.schemas import latest
from dev.kafka.jars import ROOT
from dev.schemas.published import REGISTER, Folder, SchemaChangeError

Change = Callable[[Any], object]
TOPIC = "enriched-clicks"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """The published schemas, to be changed."""
    shutil.copytree(ROOT / "app" / "schemas", tmp_path / "schemas")
    return Folder(tmp_path / "schemas")


def write(folder: Folder, change: Change, version: int = 2) -> None:
    """Write a version of a schema: the newest one, changed."""
    schema = copy.deepcopy(latest(TOPIC))
    change(schema)
    (folder.path / f"{TOPIC}.v{version}.json").write_text(json.dumps(schema))


def refusal(act: Callable[[], object]) -> str:
    """What is said."""
    with pytest.raises(SchemaChangeError) as refused:
        act()
    return str(refused.value)


def test_the_schemas_of_this_application_keep_the_promise() -> None:
    """If this fails: it says what to do."""
    Folder(ROOT / "app" / "schemas").check()


BREAKING: list[tuple[str, Change, str]] = [
    ("a field removed", lambda s: s["properties"].pop("page"), "page was removed"),
    (
        "a type changed",
        lambda s: s["properties"]["page"].update(type="integer"),
        "type of page/ was changed from string to integer",
    ),
    (
        "a type narrowed",
        lambda s: s["properties"]["bot"].update(type=["boolean", "null"]),
        "type of bot/ was changed",
    ),
    (
        "an old field made required",
        lambda s: s["required"].append("page"),
        "page was made required",
    ),
    (
        "a new field required",
        lambda s: (s["required"].append("x"), s["properties"].update(x={"type": "string"})),
        "x was made required",
    ),
    ("a field made optional", lambda s: s["required"].remove("bot"), "bot, on which readers count"),
    ("an enum narrowed", lambda s: s["properties"]["device"]["enum"].remove("tv"), "lost tv"),
    ("an enum made", lambda s: s["properties"]["os"].update(enum=["Linux"]), "enum of os/ was not"),
    ("a rule added", lambda s: s["properties"]["os"].update(maxLength=9), "maxLength of os/ was"),
    (
        "a rule changed",
        lambda s: s["properties"]["userId"].update(minLength=2),
        "minLength of userId/ was 1 and is 2",
    ),
    (
        "a rule that readers count on dropped",
        lambda s: s["properties"]["timestamp"].pop("pattern"),
        "pattern of timestamp/ is not there any more",
    ),
    (
        "closed",
        lambda s: s.update(additionalProperties=False),
        "additionalProperties of the record",
    ),
]


@pytest.mark.parametrize(
    ("change", "words"), [c[1:] for c in BREAKING], ids=[c[0] for c in BREAKING]
)
def test_a_version_that_breaks_with_an_older_one_is_refused(
    folder: Folder, change: Change, words: str
) -> None:
    """With the rule, what was done, and the remedy; it can't be published either."""
    write(folder, change)
    for act in (folder.check, folder.publish):
        said = refusal(act)
        assert words in said
        assert said.startswith("A new version only adds optional fields")
        assert f"{TOPIC}.v1.json" in said


def test_a_version_is_held_against_all_that_came_before_it(folder: Folder) -> None:
    """Not only against the last one."""
    write(folder, lambda s: s["properties"].update(x={"type": "string", "description": "x"}))
    folder.publish()
    write(folder, lambda s: s["properties"].pop("page"), version=3)
    said = refusal(folder.check)
    assert all(f"{TOPIC}.v{version}.json" in said for version in (1, 2))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["properties"].update(referrer={"type": "string", "description": "Whence."}),
        lambda s: s["properties"]["device"]["enum"].append("watch"),
        lambda s: s["properties"]["page"].update(description="Said better."),
        lambda s: s["properties"]["userId"].pop("minLength"),
    ],
)
def test_what_lets_old_records_be_can_be_published(folder: Folder, change: Change) -> None:
    """An optional field, a value more, other words, a rule less; once it is in the register."""
    write(folder, change)
    assert "--publish" in refusal(folder.check)
    assert [f"{TOPIC}.v2.json"] == folder.publish()
    folder.check()


@pytest.mark.parametrize("text", ["{", "true", "[]", "\udcff"])
def test_what_is_no_schema_is_named(folder: Folder, text: str) -> None:
    """Neither checked as one, nor published."""
    file = folder.path / f"{TOPIC}.v2.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    for act in (folder.check, folder.publish):
        assert f"A schema is a JSON object, in UTF-8; {TOPIC}.v2.json is none" in refusal(act)


@pytest.mark.parametrize("name", [f"{TOPIC}.json", f"{TOPIC}.v02.json", f"{TOPIC}.V2.json"])
def test_a_schema_that_nobody_would_find_is_named(folder: Folder, name: str) -> None:
    """By its file's name it would be no version of any topic."""
    shutil.copy(folder.path / f"{TOPIC}.v1.json", folder.path / name)
    for act in (folder.check, folder.publish):
        assert f"is called <topic>.v<version>.json; {name} is not" in refusal(act)


@pytest.mark.parametrize("act", ["check", "publish"])
def test_a_published_schema_that_was_edited_or_is_gone_is_named(folder: Folder, act: str) -> None:
    """Even by a word; whatever else is published afterwards."""
    write(folder, lambda s: s["properties"]["page"].update(description="Other."), version=1)
    assert f"never edited; {TOPIC}.v1.json" in refusal(getattr(folder, act))
    (folder.path / f"{TOPIC}.v1.json").unlink()
    assert f"{TOPIC}.v1.json is gone" in refusal(getattr(folder, act))


def test_an_edited_schema_can_not_be_hidden_by_its_own_line(folder: Folder) -> None:
    """Each line's digest is of the line before, too: all after it would have to be written anew."""
    write(folder, lambda s: s["properties"]["page"].update(description="Other."), version=1)
    register = folder.path / REGISTER
    lines = register.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if TOPIC in line)
    register.write_text("\n".join(lines[:at]) + "\n")
    folder.publish()
    forged = register.read_text().splitlines()[at]
    register.write_text("\n".join([*lines[:at], forged, *lines[at + 1 :]]) + "\n")
    assert "never edited" in refusal(folder.check)
