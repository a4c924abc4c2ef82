"""Checks that published schemas stay as they are, and that new versions break nothing."""
