"""Bytewax as a peer."""
