"""The benchmarks, run by ``make bench`` and ``make bench-check``. Not part of the package.

``python -m bench`` counts the same clicks, from the same topic of the same broker, with this
application's counting stage and with its peers (:mod:`bench.peers`), in interleaved rounds; then it
measures the whole pipeline by one worker and by two, the restore of the table from the changelog
that was written, and ``verify``. What is measured runs on one core, Kafka and the rest on the
others. A run lasts from the moment when the first record can be read until the last count is
committed; the counts are read and compared with what must come out to the last click, so that all
have done the same work. Nothing asserts a time: a wrong count fails, a slow one does not.

``python -m bench.check`` compares ratios with ``baseline.json``.
"""
