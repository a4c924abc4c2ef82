"""Kafka Streams, as a small Java program that Maven builds; see Settings.java for what it reads."""
