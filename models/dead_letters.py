"""Records that no stage can use: kept as received, with the reason in headers."""

from models.stage import InputRecord, Output

#: Short name of the topic.
DEAD_LETTERS = "dead-letters"

#: Code of a record in an inner topic that this application did not write.
BAD_INNER_RECORD = "bad_inner_record"

#: Bytes of key, value and headers that are kept as received: the topic takes records of 4 MiB. An
#: input takes more, if it is set to, or if a producer's batch compresses well.
MAX_BYTES = 3 * 1024 * 1024

#: Bytes of a key and of a value that are kept of a record over MAX_BYTES.
_CUT_BYTES = 1024 * 1024


def dead_letter(record: InputRecord, source: str, code: str, message: str) -> Output:
    """The dead letter of a record.

    One over MAX_BYTES is cut, its headers are left out, and the header ``cut`` says how large it
    was: the whole of it stands at its source.

    Args:
        record: As received; its key, value and headers are kept.
        source: Its place, as ``<topic>-<partition>-<offset>``.
        code: A stable code for the rule it breaks.
        message: The rule, what was got, the remedy.
    """
    ours = (("code", code.encode()), ("message", message.encode()), ("source", source.encode()))
    names = {name for name, _ in ours}
    key, value = len(record.key or b""), len(record.value or b"")
    headers = sum(len(name.encode()) + len(content or b"") for name, content in record.headers)
    if key + value + headers > MAX_BYTES:
        cut = b"key %d bytes, value %d bytes, headers %d bytes" % (key, value, headers)
        return Output(_cut(record.key), _cut(record.value), None, (*ours, ("cut", cut)))
    kept = tuple((name, content) for name, content in record.headers if name not in names)
    return Output(record.key, record.value, None, (*kept, *ours))


def _cut(content: bytes | None) -> bytes | None:
    return None if content is None else content[:_CUT_BYTES]


def bad_inner_record(record: InputRecord, error: Exception) -> Output:
    """The dead letter of an inner record that can't be read."""
    source = f"{record.topic}-{record.partition}-{record.offset}"
    message = (
        f"Only this application writes to {record.topic}; got a record that is none of its own "
        f"({error}). Find out who wrote it and send it to the input topic instead."
    )
    return dead_letter(record, source, BAD_INNER_RECORD, message)
