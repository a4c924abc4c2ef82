"""Input people have: files of events and of web servers, and generated traffic.

``weblog``, ``rows``, ``readers``, ``weblog_reader``, ``formats``, ``rubbish``, ``shop`` and
``traffic`` are pure. ``files``, ``salt`` and ``agents`` read files; ``loader``, ``pouring``,
``bulk`` and ``cluster`` talk to Kafka, ``progress`` to the terminal.
"""
