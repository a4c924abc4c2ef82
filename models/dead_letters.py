"""Records that no stage can use: kept as received, with the reason in headers."""

from models.stage import InputRecord, Output

#: Short name of the topic.
DEAD_LETTERS = "dead-letters"

#: Code of a record in an inner topic that this application did not write.
BAD_INNER_RECORD = "bad_inner_record"


def dead_letter(record: InputRecord, source: str, code: str, message: str) -> Output:
    """The dead letter of a record.

    Args:
        record: As received; its key, value and headers are kept.
        source: Its place, as ``<topic>-<partition>-<offset>``.
        code: A stable code for the rule it breaks.
        message: The rule, what was got, the remedy.
    """
    ours = (("code", code.encode()), ("message", message.encode()), ("source", source.encode()))
    names = {name for name, _ in ours}
    kept = tuple((name, value) for name, value in record.headers if name not in names)
    return Output(record.key, record.value, None, (*kept, *ours))


def bad_inner_record(record: InputRecord, error: Exception) -> Output:
    """The dead letter of an inner record that can't be read."""
    source = f"{record.topic}-{record.partition}-{record.offset}"
    message = (
        f"Only this application writes to {record.topic}; got a record that is none of its own "
        f"({error}). Find out who wrote it and send it to the input topic instead."
    )
    return dead_letter(record, source, BAD_INNER_RECORD, message)
