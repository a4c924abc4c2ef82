"""Laws of the published schemas: what is sent fits them, old records stay readable."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from app.redriving.letters import Inputs, of_late
from app.schemas import latest, published
from app.topics import INNER, INPUTS, OUTPUTS
from models.dead_letters import DEAD_LETTERS
from models.inner import decode
from models.records import parse_click, parse_purchase
from tests.app.shop_run import sent
from tests.models.fakes import Record

TOPICS = (*INPUTS, *INNER, *OUTPUTS)
#: Their records have no fields but those of the schema.
CLOSED = ("click-counts", "conversion-events", "unattributed-purchases", "late-events")
CORPUS = Path(__file__).parents[1] / "data" / "corpus"
_INNER = dict(zip(INPUTS, INNER, strict=True))
_INPUTS = Inputs({"clicks": "clicks", "purchases": "purchases"}, 0, -1)


def texts_of(topic: str) -> list[bytes]:
    """What the shop's traffic made of a topic; of a dead letter its headers."""
    outputs = sent()[topic]
    if topic == DEAD_LETTERS:
        heads = [{name: text.decode() for name, text in o.headers if text} for o in outputs]
        return [json.dumps(head).encode() for head in heads]
    return [output.value for output in outputs if output.value is not None]


def test_there_are_schemas_of_the_topics_and_of_nothing_else() -> None:
    """One that is called by another name would be nobody's."""
    assert set(TOPICS) == published().keys()


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_a_schema_of_draft_2020_12(topic: str) -> None:
    """It is valid itself, and every field is described."""
    for schema in published()[topic].values():
        assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
        assert jsonschema_rs.meta.is_valid(schema)
        assert [] == [name for name, f in schema["properties"].items() if not f["description"]]


@pytest.mark.parametrize("topic", [*INNER, *OUTPUTS])
def test_whatever_the_stages_send_fits_the_newest_schema(topic: str) -> None:
    """A shop's traffic, with disorder, late records and rubbish."""
    validator = jsonschema_rs.validator_for(latest(topic))
    values = [json.loads(text) for text in texts_of(topic)]
    assert len(values) >= 5
    assert [] == [str(error) for value in values for error in validator.iter_errors(value)]


@pytest.mark.parametrize("topic", CLOSED)
def test_what_the_stages_send_has_no_field_that_the_schema_does_not_name(topic: str) -> None:
    """And the schema names none that is never sent."""
    fields = {name for text in texts_of(topic) for name in json.loads(text)}
    assert latest(topic)["properties"].keys() == fields


@pytest.mark.parametrize("topic", INPUTS)
def test_what_is_accepted_fits_the_schema_of_the_input(topic: str) -> None:
    """And what does not fit is a dead letter."""
    validator = jsonschema_rs.validator_for(latest(topic))
    accepted = {json.loads(text)["sourceRecord"] for text in texts_of(_INNER[topic])}
    fits = [_fits(validator, text) for text in texts_of(topic)]
    assert len(accepted) == sum(fits)


def _fits(validator: jsonschema_rs.Validator, text: bytes) -> bool:
    try:
        return validator.is_valid(json.loads(text))
    except ValueError:
        return False


def _late(value: bytes) -> object:
    found = of_late(Record("late-events", value=value), _INPUTS)
    assert found is not None
    return found


#: How records of a topic are read today; the others are read by nobody of ours.
READERS: dict[str, Callable[[bytes], object]] = {
    "clicks": lambda value: parse_click(value, -1, 0),
    "purchases": lambda value: parse_purchase(value, -1, 0),
    "enriched-clicks": decode,
    "purchases-by-user": decode,
    "late-events": _late,
}


def corpus() -> Iterator[tuple[str, int, bytes]]:
    """Topic, version and value of the records that were kept of every version."""
    for file in sorted(CORPUS.glob("v*/*.jsonl")):
        for line in file.read_bytes().splitlines():
            yield file.stem, int(file.parent.name[1:]), line


def test_every_version_of_every_schema_is_in_the_corpus() -> None:
    """Five records of each, or more; and no version of which there are records is gone."""
    kept = [(topic, version) for topic, version, _ in corpus()]
    there = [(topic, version) for topic, found in published().items() for version in found]
    assert [] == [place for place in there if kept.count(place) < 5]
    assert set(there) == set(kept)


@pytest.mark.parametrize("topic", TOPICS)
def test_records_of_every_version_fit_it_and_all_later_ones(topic: str) -> None:
    """An old record is never made invalid."""
    records = [(version, json.loads(value)) for t, version, value in corpus() if t == topic]
    for number, schema in published()[topic].items():
        validator = jsonschema_rs.validator_for(schema)
        values = [value for version, value in records if version <= number]
        assert [] == [str(e) for value in values for e in validator.iter_errors(value)]


def test_records_of_every_version_are_read_today() -> None:
    """By the readers of this application."""
    read = [READERS[topic](value) for topic, _, value in corpus() if topic in READERS]
    assert len(read) >= 5 * len(READERS)
