"""The rules: pure, free of Faust, Kafka, the clock and I/O."""
