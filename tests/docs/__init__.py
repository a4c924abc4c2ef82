"""The documentation: that it is up to date, and that what it tells to type works.

Every fenced ``sh`` block of README.md and docs is run, page by page, by
tests/integration/test_docs.py. These are the rules:

- Each line is a command (a backslash at its end joins the next). A page's commands run in order,
  in a directory of their own, against a Kafka of their own. ``export``, ``cd``, ``unset`` and
  ``.`` hold for the commands that follow.
- Port 9092 stands for that Kafka, 6066 to 6068 for free ports; the same in outputs.
  ``CLICKSTREAM_BROKER`` is set, no other setting is.
- ``faust -A app worker``, ``tail`` without ``--limit`` and ``replay`` without
  ``--until-caught-up`` run on in the background until the page ends. What they should print is
  waited for, or that the worker is ready.
- ``make`` targets are covered by tests of their own: here they must exist. ``docker compose`` is
  checked against docker-compose.yml. Kafka's own tools are played by tests/docs/kafka_tools.py.
- Any other command must end with exit code 0, and ``curl`` with an answer of 200 that is JSON.
  What only reads is tried again for a while, as a person would.
- If the next block is ``text`` or ``json``, it is the output of the last command, as
  tests/docs/shown.py compares it.

HTML comments on the lines before a block change that:

- ``<!-- not run: REASON -->``: it is not run. Each reason is listed in test_pages.
- ``<!-- exit: 1 -->``: the last command ends with this exit code; ``curl`` with 22 when it gets an
  error, a worker that refuses to start with 1.
- ``<!-- file: NAME -->``, before a block of any language: the block is the file's content.
- ``<!-- stop: COMMAND -->``: before the block runs, Ctrl-C for the background commands that begin
  so.
"""
