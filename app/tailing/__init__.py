"""Following what is committed in a topic, a line a record."""
