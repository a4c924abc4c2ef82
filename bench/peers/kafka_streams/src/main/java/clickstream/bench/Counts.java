package clickstream.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.WindowStore;

/** Clicks of each user and window, given once, when the window has closed. */
final class Counts {
  static final Produced<byte[], byte[]> WRITTEN =
      Produced.with(Serdes.ByteArray(), Serdes.ByteArray());

  private static final Duration RETENTION = Duration.ofDays(1);

  private Counts() {}

  /** Returns the counts, as JSON, of clicks grouped by user. */
  static KStream<byte[], byte[]> of(KGroupedStream<byte[], ?> clicks) {
    return closed(
            clicks.windowedBy(TimeWindows.ofSizeAndGrace(Settings.window(), Settings.grace())))
        .toStream()
        .map((window, count) -> KeyValue.pair(window.key(), json(window, count)));
  }

  private static KTable<Windowed<byte[]>, Long> closed(TimeWindowedKStream<byte[], ?> windows) {
    if ("suppress".equals(System.getenv("BENCH_EMIT"))) {
      return windows
          .count(store())
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()));
    }
    return windows.emitStrategy(EmitStrategy.onWindowClose()).count(store());
  }

  /**
   * Returns the store, which keeps closed windows for BENCH_RETENTION_MS: a day, as the application
   * does. A segment is half as long. With Kafka Streams' default (window and grace) the first look
   * for closed windows goes through millions of segments, all there may be in the cache since 1970,
   * which costs seconds of each partition.
   */
  private static Materialized<byte[], Long, WindowStore<Bytes, byte[]>> store() {
    return Materialized.<byte[], Long, WindowStore<Bytes, byte[]>>as("counts")
        .withKeySerde(Serdes.ByteArray())
        .withValueSerde(Serdes.Long())
        .withRetention(Settings.duration("BENCH_RETENTION_MS", RETENTION));
  }

  private static byte[] json(Windowed<byte[]> window, long count) {
    char[] user = JsonStringEncoder.getInstance().quoteAsString(new String(window.key(), UTF_8));
    return new StringBuilder(128)
        .append("{\"userId\":\"")
        .append(user)
        .append("\",\"clickCount\":")
        .append(count)
        .append(",\"windowStart\":")
        .append(window.window().start())
        .append(",\"windowEnd\":")
        .append(window.window().end())
        .append('}')
        .toString()
        .getBytes(UTF_8);
  }
}
