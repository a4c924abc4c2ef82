"""Tools of the checkout, run from its root: a local Kafka, the demo. Not part of the package."""
