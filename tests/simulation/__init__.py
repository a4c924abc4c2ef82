"""The real engine on a Kafka in memory, under a seeded scheduler with virtual time."""
