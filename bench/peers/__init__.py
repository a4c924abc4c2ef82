"""Other stream processors that count the same clicks: the peers.

A peer is a program of its own, in an environment of its own under ``.bench/``. What it is told and
what it must say is in :mod:`bench.peers.told`; which peers there are, in
:mod:`bench.peers.registry`. This module stays empty: peers' programs import from the package with
nothing but their own packages installed.
"""
