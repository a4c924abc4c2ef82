"""The history: the columns of the logs that questions about the past need, in one file."""
