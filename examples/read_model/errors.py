"""What ends the program with a sentence."""


class ModelError(Exception):
    """The model can't go on: the message says why, and what to do."""
