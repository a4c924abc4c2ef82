"""Fault drills: what can go wrong is made to go wrong under load, and the outputs are recounted."""
