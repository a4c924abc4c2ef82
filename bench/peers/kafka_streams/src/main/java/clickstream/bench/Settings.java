package clickstream.bench;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The variables that the programs are started with. */
final class Settings {
  private Settings() {}

  /** Returns a variable that must be set. */
  static String text(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException(name + " must be set");
    }
    return value;
  }

  /** Returns a variable in milliseconds, or {@code otherwise} where it is not set. */
  static Duration duration(String name, Duration otherwise) {
    String value = System.getenv(name);
    return value == null ? otherwise : Duration.ofMillis(Long.parseLong(value));
  }

  static Duration window() {
    return duration("BENCH_WINDOW_MS", Duration.ofMinutes(5));
  }

  static Duration grace() {
    return duration("BENCH_GRACE_MS", Duration.ofMinutes(2));
  }

  /**
   * Returns Kafka Streams' defaults but for exactly once, a start at the beginning of a topic, and
   * {@code BENCH_COMMIT_MS} where it is set.
   */
  static Properties defaults() {
    Properties properties = new Properties();
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, text("BENCH_BOOTSTRAP"));
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, text("BENCH_GROUP"));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, text("BENCH_DIR"));
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    // Clicks that close all windows are of times to come; a broker takes an hour by default.
    String ahead = StreamsConfig.topicPrefix(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG);
    properties.put(ahead, String.valueOf(Long.MAX_VALUE));
    String commit = System.getenv("BENCH_COMMIT_MS");
    if (commit != null) {
      properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commit);
    }
    return properties;
  }
}
