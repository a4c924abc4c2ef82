"""Reading alone with confluent-kafka: the limit of librdkafka in Python."""
