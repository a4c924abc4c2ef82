package clickstream.bench;

import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.StreamsConfig.InternalConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;

/**
 * The counting stage: enriched clicks, keyed by user, to counts in windows. One thread, RocksDB
 * with a changelog, exactly once; no repartition.
 *
 * <p>Its variables: {@code BENCH_BOOTSTRAP}; {@code BENCH_GROUP}, the application's id; {@code
 * BENCH_DIR}, for its state; {@code BENCH_INPUT}; {@code BENCH_OUTPUT}. If set: {@code
 * BENCH_WINDOW_MS}, {@code BENCH_GRACE_MS}, {@code BENCH_EMIT} and {@code BENCH_COMMIT_MS} as of
 * {@link Pipeline}; {@code BENCH_CACHE_BYTES}, of the record cache; {@code BENCH_RETENTION_MS}, of
 * the store [a day]. It prints {@code READY} when it runs.
 */
public final class Counting {
  private Counting() {}

  public static void main(String[] arguments) throws InterruptedException {
    Life.run(new KafkaStreams(topology(), properties()), Life::ready);
  }

  static Topology topology() {
    StreamsBuilder builder = new StreamsBuilder();
    Counts.of(
            builder.stream(
                    Settings.text("BENCH_INPUT"),
                    Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())
                        .withTimestampExtractor(new EventTime()))
                .filter((user, click) -> click != null)
                .groupByKey(Grouped.with(Serdes.ByteArray(), Serdes.ByteArray())))
        .to(Settings.text("BENCH_OUTPUT"), Counts.WRITTEN);
    return builder.build();
  }

  static Properties properties() {
    Properties properties = Settings.defaults();
    // By default it looks for closed windows once a second, and only when a click comes: after the
    // last click it would never look again.
    properties.put(InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0);
    String cache = System.getenv("BENCH_CACHE_BYTES");
    if (cache != null) {
      properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, cache);
    }
    return properties;
  }
}
