"""A local schema registry (Apicurio Registry, in memory) for tests; needs Java 17 and Maven.

`python -m dev.registry` runs one in the foreground. In code::

    with LocalRegistry(directory) as registry:
        registry.url  # of Confluent's API, as CLICKSTREAM_SCHEMA_REGISTRY takes it
"""

from dev.registry.registry import LocalRegistry

__all__ = ["LocalRegistry"]
