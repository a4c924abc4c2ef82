"""The audit: everything computed again from the topics, in SQL that shares no code with models/."""
