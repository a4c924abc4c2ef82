package clickstream.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;

/**
 * Two stages over raw clicks and purchases (JSON, any key), at Kafka Streams' defaults but for
 * exactly once: clicks are given a field, repartitioned by user and counted in windows, each count
 * given once on close; and clicks are joined with the purchases of the same user and product that
 * follow within an hour, after a repartition by both. For the benchmark of latency.
 *
 * <p>Its variables: {@code BENCH_BOOTSTRAP}; {@code BENCH_GROUP}, the application's id; {@code
 * BENCH_DIR}, for its state; {@code BENCH_CLICKS_TOPIC} and {@code BENCH_PURCHASES_TOPIC}, of as
 * many partitions each; {@code BENCH_OUTPUT}, for the counts (userId, clickCount, windowStart and
 * windowEnd in epoch milliseconds); {@code BENCH_CONVERSIONS}, for the pairs (userId, productId,
 * click, purchase: both records as they came, the click with its new field). If set: {@code
 * BENCH_WINDOW_MS} [5 minutes], {@code BENCH_GRACE_MS} [2 minutes], {@code BENCH_COMMIT_MS} [100
 * ms, the default under exactly once], {@code BENCH_RETENTION_MS} [a day], {@code BENCH_EMIT}
 * [{@code close}: by EmitStrategy, which looks for closed windows once a second; {@code suppress}:
 * by suppress(), when it is told of an update that closes them, which the cache does at a commit].
 * It prints {@code READY} when it runs.
 */
public final class Pipeline {
  private static final Duration WITHIN = Duration.ofHours(1);

  private Pipeline() {}

  public static void main(String[] arguments) throws InterruptedException {
    Life.run(new KafkaStreams(topology(), Settings.defaults()), Life::ready);
  }

  private static Topology topology() {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<byte[], ObjectNode> clicks =
        stream(builder, "BENCH_CLICKS_TOPIC").mapValues(Pipeline::enriched);
    KStream<byte[], ObjectNode> purchases = stream(builder, "BENCH_PURCHASES_TOPIC");
    count(clicks);
    join(clicks, purchases);
    return builder.build();
  }

  private static KStream<byte[], ObjectNode> stream(StreamsBuilder builder, String variable) {
    return builder.stream(
        Settings.text(variable),
        Consumed.with(Serdes.ByteArray(), Json.SERDE)
            .withTimestampExtractor((record, time) -> Json.eventTime((ObjectNode) record.value())));
  }

  /** Adds the device, by a glance at the user agent. */
  private static ObjectNode enriched(ObjectNode click) {
    String agent = click.path("userAgent").asText();
    ObjectNode enriched = click.deepCopy();
    enriched.remove("userAgent");
    return enriched.put("device", agent.contains("Mobile") ? "mobile" : "desktop");
  }

  private static void count(KStream<byte[], ObjectNode> clicks) {
    Counts.of(
            clicks.groupBy(
                (key, click) -> Json.text(click, "userId").getBytes(UTF_8),
                Grouped.with(Serdes.ByteArray(), Json.SERDE)))
        .to(Settings.text("BENCH_OUTPUT"), Counts.WRITTEN);
  }

  private static void join(
      KStream<byte[], ObjectNode> clicks, KStream<byte[], ObjectNode> purchases) {
    Serde<String> text = Serdes.String();
    JoinWindows within =
        JoinWindows.ofTimeDifferenceAndGrace(WITHIN.minusMillis(1), Settings.grace())
            .before(Duration.ZERO);
    byUserAndProduct(clicks)
        .join(
            byUserAndProduct(purchases),
            Pipeline::conversion,
            within,
            StreamJoined.with(text, Json.SERDE, Json.SERDE))
        .map((key, pair) -> KeyValue.pair(Json.text(pair, "userId"), pair))
        .to(Settings.text("BENCH_CONVERSIONS"), Produced.with(text, Json.SERDE));
  }

  private static KStream<String, ObjectNode> byUserAndProduct(KStream<byte[], ObjectNode> stream) {
    return stream
        .filter((key, record) -> record.hasNonNull("productId"))
        .selectKey((key, record) -> Json.text(record, "userId") + "|" + record.get("productId"));
  }

  private static ObjectNode conversion(ObjectNode click, ObjectNode purchase) {
    ObjectNode pair = Json.object();
    pair.set("userId", click.get("userId"));
    pair.set("productId", click.get("productId"));
    pair.set("click", click);
    pair.set("purchase", purchase);
    return pair;
  }
}
