"""Versions: what bears their name, what they keep, how far they are."""

from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition

from app.commands.replay import Lasting
from app.settings import MAIN, Settings, load_settings
from app.topics import (
    CLICK_COUNTS,
    CLICKS,
    INPUTS,
    changelog_name,
    short_name,
    topic_name,
    topic_specs,
)
from app.versions.errors import VersionError
from app.versions.progress import Look
from app.versions.registry import Registry, Version, _decoded, check_rules
from app.versions.rules import (
    RULES,
    changes_of,
    differing,
    name_of,
    rules_of,
    variables,
    with_rules,
)
from models.errors import SettingsError
from models.watermark import NEVER_MS

OURS = Settings.model_validate(
    {"CLICKSTREAM_TOPIC_PREFIX": "x-", "CLICKSTREAM_APP_ID": "shop", "CLICKSTREAM_GRACE": "3m"}
)
V2 = with_rules(OURS, "v2", {"WINDOW_SIZE": "10m"})
AT = TopicPartition("clicks", 0)


def begun(settings: Settings) -> Version:
    """A version as it was begun with these settings."""
    return Version(name_of(settings), rules_of(settings), "0.1.0", "2025-01-01T00:00:00.000Z")


def test_a_version_bears_its_name_in_all_but_the_inputs() -> None:
    """Group, topics, changelogs, directory; the inputs are those of all."""
    assert ("x-clicks", "x-v2.click-counts") == tuple(
        topic_name(V2, short) for short in (CLICKS, CLICK_COUNTS)
    )
    assert "x-shop.v2-click-counts-changelog" == changelog_name(V2, CLICK_COUNTS)
    assert ("shop.v2", Path("data/v2")) == (V2.identity, V2.directory)
    shared = {spec.name for spec in topic_specs(OURS)} & {spec.name for spec in topic_specs(V2)}
    assert {topic_name(OURS, short) for short in INPUTS} == shared


def test_without_a_version_names_are_as_ever() -> None:
    """Nothing of what is there is called otherwise; main is no name but the lack of one."""
    main = load_settings({"CLICKSTREAM_VERSION": MAIN})
    assert load_settings() == main
    assert ("clickstream", Path("data")) == (main.identity, main.directory)
    assert "click-counts" == topic_name(main, CLICK_COUNTS)
    assert "clickstream-click-counts-changelog" == changelog_name(main, CLICK_COUNTS)


@pytest.mark.parametrize("settings", [OURS, V2])
def test_short_names_are_found_again(settings: Settings) -> None:
    """Of inputs and of all others."""
    for short in (CLICKS, CLICK_COUNTS):
        assert short == short_name(settings, topic_name(settings, short))


def test_rules_are_written_as_they_are_read() -> None:
    """What replay prints gives the same version again; the join's grace is spelt out."""
    rules = rules_of(V2)
    assert ("10m", "3m", "3m") == (rules["WINDOW_SIZE"], rules["GRACE"], rules["JOIN_GRACE"])
    again = load_settings(variables("v2", rules))
    assert rules == rules_of(again)
    assert "v2" == again.version
    assert {"WINDOW_SIZE": ("5m", "10m")} == differing(rules_of(OURS), rules)


@pytest.mark.parametrize("pair", ["WINDOW=1m", "WINDOW_SIZE", "BROKER=kafka://h:1", ""])
def test_only_rules_may_differ(pair: str) -> None:
    """What says where Kafka is, or how work is done, is no rule."""
    with pytest.raises(VersionError, match="WINDOW_SIZE"):
        changes_of([pair])


def test_a_value_that_is_not_accepted_is_named_as_it_was_given() -> None:
    """Not as the environment has it."""
    with pytest.raises(SettingsError, match="CLICKSTREAM_WINDOW_SIZE='never' is not accepted"):
        with_rules(OURS, "v2", {"WINDOW_SIZE": "never"})


@pytest.mark.parametrize("name", ["", "shop", "history", "lock"])
def test_a_version_has_a_name_of_its_own(name: str) -> None:
    """Its directory lies beside the stores of the one without name, and their history."""
    with pytest.raises(VersionError, match=f"got '{name}'"):
        with_rules(OURS, name, {})


def test_nothing_is_asked_of_a_version_without_a_name() -> None:
    """An empty variable of a script is not main."""
    with pytest.raises(VersionError, match="got ''"):
        Registry().settings_of(OURS, "")


def test_what_a_version_was_begun_without_is_no_difference() -> None:
    """An earlier release did not have the setting."""
    rules = rules_of(V2)
    del rules["RANKINGS"]
    assert {} == differing(rules, rules_of(V2)) == differing(rules_of(V2), rules)


def test_a_setting_that_only_a_later_release_knows_is_named() -> None:
    """Whoever runs the version without it computes something else."""
    version = msgspec.structs.replace(begun(V2), rules=rules_of(V2) | {"FUZZ": "9"})
    registry = Registry({"v2": version})
    with pytest.raises(VersionError, match="v2 was begun with FUZZ"):
        check_rules(V2, registry)
    with pytest.raises(VersionError, match="v2 was begun with FUZZ"):
        registry.settings_of(OURS, "v2")
    assert {} == differing(rules_of(V2), version.rules)


def test_a_version_has_the_rules_it_was_begun_with_and_else_ours() -> None:
    """Whoever asks; the one that the environment names is as the environment says."""
    registry = Registry({"v2": begun(V2), MAIN: begun(OURS)}, "v2")
    assert V2.model_copy(update={"join_grace_ms": 180_000}) == registry.settings_of(OURS, "v2")
    assert OURS == registry.settings_of(OURS, MAIN)
    assert OURS.window_size_ms == registry.settings_of(V2, MAIN).window_size_ms
    assert "" == registry.settings_of(V2, MAIN).version
    with pytest.raises(VersionError, match="main, v2"):
        registry.settings_of(OURS, "v3")


def test_a_version_that_is_set_otherwise_is_refused() -> None:
    """Each setting is named, with what to set; one that nobody began may have any."""
    registry = Registry({"v2": begun(V2)})
    check_rules(V2, registry)
    check_rules(V2.model_copy(update={"version": "v3", "grace_ms": 1}), registry)
    with pytest.raises(SettingsError, match="WINDOW_SIZE 10m and is 5m"):
        check_rules(V2.model_copy(update={"window_size_ms": 300_000}), registry)


def test_the_current_versions_outputs_are_named() -> None:
    """For readers, whichever version answers."""
    registry = Registry({"v2": begun(V2)}, "v2")
    assert [registry.as_json(OURS)["topics"]] == [registry.as_json(V2)["topics"]]
    assert "x-v2.click-counts" == registry.as_json(OURS)["topics"][CLICK_COUNTS]
    assert "x-click-counts" == Registry().as_json(V2)["topics"][CLICK_COUNTS]


def look(read_to: int, end: int, sent: int, taken: int) -> Look:
    """A version with one input partition, and one stage behind it."""
    return Look({AT: read_to}, {AT: 10}, {AT: end}, {"counting": sent}, {"counting": taken})


def test_a_version_has_caught_up_when_it_did_what_there_was_to_do() -> None:
    """Of inputs and inside; what came since does not matter, nor a marker at the log's end."""
    before = look(50, 100, 300, 200)
    assert look(99, 500, 900, 300).has_done(before)
    assert not look(98, 500, 900, 300).has_done(before)
    assert not look(100, 100, 300, 299).has_done(before)
    assert not Look({AT: 10}, {AT: 10}, {AT: 10}, {}, {}).has_done(
        Look({AT: 10}, {AT: 10}, {AT: 10}, {}, {})
    )


def test_progress_tells_records_stream_time_and_what_is_left() -> None:
    """Counted from where the version began."""
    now = Look({AT: 60}, {AT: 10}, {AT: 110}, {}, {}, 0)
    text = "50 of 100 records, 5 a second, stream time 1970-01-01T00:00:00.000Z, 10 s left"
    assert text == now.told(5.0)
    assert "50 of 100, stream time 1970-01-01T00:00:00Z" == now.brief
    assert (50, 100, 50) == (now.read, now.total, now.lag)
    assert "stream time" not in Look({AT: 60}, {AT: 10}, {AT: 110}, {}, {}, NEVER_MS).told(5.0)


def test_every_rule_of_windows_and_join_is_kept() -> None:
    """A setting that says what is computed and is no rule would differ unnoticed."""
    named = {field for field in Settings.model_fields if field.split("_")[0] in {"window", "join"}}
    assert named | {"grace_ms", "late_policy", "attribution", "count_bots"} <= {*RULES.values()}


@pytest.mark.parametrize(("duration_ms", "lasts"), [(0, True), (60_000, False)])
def test_a_replay_has_caught_up_when_it_had_for_a_while(duration_ms: int, lasts: bool) -> None:
    """Its last windows close with a watermark record that comes a little later."""
    done = Lasting(duration_ms)
    assert [False, lasts, lasts, False] == [done.for_long(so) for so in (False, True, True, False)]


@pytest.mark.parametrize("value", [b"", b'{"name": 7}', b'{"name": "\xff"}', b"[" * 100_000])
def test_what_is_no_version_is_told_with_its_key(value: bytes) -> None:
    """Who may write to the topic may write anything."""
    with pytest.raises(VersionError, match=r"under the key b'v9' it holds .* no value to it\."):
        _decoded("versions", b"v9", value, Version)
