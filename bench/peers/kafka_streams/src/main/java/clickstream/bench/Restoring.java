package clickstream.bench;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.processor.StateRestoreListener;

/**
 * {@link Counting} with an empty {@code BENCH_DIR} and the {@code BENCH_GROUP} of one that ran
 * before: restores its store from the changelog, prints {@code RESTORED <records> <seconds>
 * <seconds of the process>} and ends. The seconds are of the wall clock, from the first partition's
 * start to the last one's end; then since the start of Java. It takes the variables of {@link
 * Counting}, of the same values; records older than {@code BENCH_RETENTION_MS} it reads and drops.
 */
public final class Restoring implements StateRestoreListener {
  private final AtomicLong records = new AtomicLong();
  private volatile long startedNs;
  private volatile long endedNs;

  private Restoring() {}

  public static void main(String[] arguments) throws InterruptedException {
    Restoring restoring = new Restoring();
    KafkaStreams streams = new KafkaStreams(Counting.topology(), Counting.properties());
    streams.setGlobalStateRestoreListener(restoring);
    Life.run(streams, restoring::tell);
  }

  @Override
  public synchronized void onRestoreStart(
      TopicPartition partition, String store, long startOffset, long endOffset) {
    if (startedNs == 0) {
      startedNs = System.nanoTime();
    }
  }

  @Override
  public void onBatchRestored(
      TopicPartition partition, String store, long endOffset, long restored) {}

  @Override
  public synchronized void onRestoreEnd(TopicPartition partition, String store, long restored) {
    records.addAndGet(restored);
    endedNs = System.nanoTime();
  }

  private void tell() {
    long sinceStartMs =
        System.currentTimeMillis()
            - ManagementFactory.getRuntimeMXBean().getStartTime();
    System.out.printf(
        "RESTORED %d %.3f %.3f%n", records.get(), (endedNs - startedNs) / 1e9, sinceStartMs / 1e3);
    System.exit(0);
  }
}
