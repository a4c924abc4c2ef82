package clickstream.bench;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** Runs a program until it is told to end (SIGTERM), or fails. */
final class Life {
  private static final Duration STOP = Duration.ofSeconds(10);

  private Life() {}

  /** Runs the streams, and {@code whenRunning} once all state is there. */
  static void run(KafkaStreams streams, Runnable whenRunning) throws InterruptedException {
    CountDownLatch failed = new CountDownLatch(1);
    CountDownLatch running = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          running.countDown();
          failed.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) {
            running.countDown();
          }
        });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(STOP)));
    streams.start();
    running.await();
    if (failed.getCount() > 0) {
      whenRunning.run();
    }
    failed.await();
    System.exit(1);
  }

  /** Tells the benchmark that the first record is about to be read. */
  static void ready() {
    System.out.println("READY");
  }
}
