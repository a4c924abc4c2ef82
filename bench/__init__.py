"""The benchmarks, run by ``make bench``. Not part of the package.

What is measured: the counting stage alone in a real worker, the restore of its table from the
changelog it wrote, and a stock Faust windowed table on the same topic. Nothing here asserts a time;
what was counted is checked to the last click.
"""
