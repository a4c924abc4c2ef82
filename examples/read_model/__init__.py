"""A read model: counts and conversions in DuckDB, each record of Kafka in it exactly once."""
