"""Options of loading, checked together and turned into a reader."""

import re
from dataclasses import dataclass

from app.inputs.errors import InputError
from app.inputs.files import Source
from app.inputs.formats import Format, guess_delimiter, guess_format
from app.inputs.readers import CsvReader, JsonReader
from app.inputs.rows import Fields, Reader
from app.inputs.weblog_reader import RequestRules, WeblogReader
from app.topics import PURCHASES


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What was asked for; None where nothing was.

    Attributes:
        topic: Short name of the topic.
        format: The file's format.
        mapping: ``ours=theirs[,ours=theirs]``.
        epoch: Unit of numbers in ``timestamp``: ``ms`` or ``s``.
        only: Regular expression of requests to take.
        product: Regular expression whose first group is the productId.
        purchases: Regular expression of requests that are purchases.
    """

    topic: str | None = None
    format: str | None = None
    mapping: str | None = None
    epoch: str = "ms"
    only: str | None = None
    product: str | None = None
    purchases: str | None = None


def format_of(source: Source, options: LoadOptions) -> Format:
    """The format that was named, or the one the file shows.

    Raises:
        InputError: It shows none, or the options do not go with it.
    """
    named = options.format
    format_ = Format(named) if named else guess_format(source.name, source.lines.peek())
    if format_ is Format.WEBLOG:
        _check_weblog(options)
    else:
        _check_fields(options)
    return format_


def reader_of(source: Source, format_: Format, options: LoadOptions, salt: bytes) -> Reader:
    """A reader of the source's lines; a CSV file's header is read at once.

    Raises:
        InputError: An option is not what it must be, or does not fit the file.
    """
    lines = source.lines
    if format_ is Format.WEBLOG:
        return WeblogReader(lines, _rules(options, salt))
    fields = Fields(_mapping(options.mapping), epoch_s=options.epoch == "s")
    topic = options.topic or ""
    if format_ is Format.JSON:
        return JsonReader(lines, topic, fields)
    return CsvReader(lines, topic, fields, guess_delimiter(lines.peek()))


def _check_weblog(options: LoadOptions) -> None:
    if options.topic == PURCHASES:
        raise InputError(
            "A web log's requests are clicks, but for those that --purchases matches; got --topic "
            "purchases. Say --purchases REGEX instead."
        )
    if options.mapping:
        raise InputError(
            f"--map renames fields of JSON and CSV; got {options.mapping} for a web log. Omit it."
        )
    if options.purchases and not options.product:
        raise InputError(
            "A purchase names its product; got --purchases without --product. Give both."
        )


def _check_fields(options: LoadOptions) -> None:
    if options.topic is None:
        raise InputError(
            "JSON and CSV do not tell what they hold. Say --topic clicks or --topic purchases."
        )
    for name in ("only", "product", "purchases"):
        if getattr(options, name):
            raise InputError(f"--{name} chooses requests of a web log; this file is none. Omit it.")


def _mapping(text: str | None) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    for ours, _, theirs in pairs:
        if not ours.strip() or not theirs.strip():
            raise InputError(
                f"--map is ours=theirs[,ours=theirs], as in userId=customer; got {text}."
            )
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _rules(options: LoadOptions, salt: bytes) -> RequestRules:
    product = _pattern("product", options.product)
    if product is not None and not product.groups:
        raise InputError(
            f"--product's first group is the productId; {options.product} has no group. "
            "Put parentheses around it, as in /products/([0-9]+)."
        )
    return RequestRules(
        salt, _pattern("only", options.only), product, _pattern("purchases", options.purchases)
    )


def _pattern(name: str, text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        raise InputError(
            f"--{name} is a regular expression; {text} is none: {error}. Correct it."
        ) from None
