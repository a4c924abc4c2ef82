package clickstream.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * Takes a click's time from its JSON without parsing the rest: {@code
 * "timestamp":"2025-01-31T12:34:56.789Z"}, as the application writes it.
 */
public final class EventTime implements TimestampExtractor {
  private static final byte[] FIELD = "\"timestamp\":\"".getBytes(US_ASCII);
  private static final int LENGTH = "2025-01-31T12:34:56.789Z".length();

  @Override
  public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
    byte[] value = (byte[]) record.value();
    return value == null ? partitionTime : milliseconds(value, find(value));
  }

  /** Returns where the text of the time begins. */
  private static int find(byte[] value) {
    for (int at = 0; at <= value.length - FIELD.length - LENGTH; at++) {
      int same = 0;
      while (same < FIELD.length && value[at + same] == FIELD[same]) {
        same++;
      }
      if (same == FIELD.length) {
        return at + same;
      }
    }
    throw new IllegalArgumentException("a click must have a timestamp");
  }

  static long milliseconds(byte[] text, int at) {
    long days = days(number(text, at, 4), number(text, at + 5, 2), number(text, at + 8, 2));
    long minutes = days * 1440 + number(text, at + 11, 2) * 60L + number(text, at + 14, 2);
    return (minutes * 60 + number(text, at + 17, 2)) * 1000 + number(text, at + 20, 3);
  }

  private static int number(byte[] text, int at, int digits) {
    int number = 0;
    for (int end = at + digits; at < end; at++) {
      number = number * 10 + text[at] - '0';
    }
    return number;
  }

  /** Returns the days since 1970-01-01; a year is taken to begin in March. */
  private static long days(int year, int month, int day) {
    int y = month > 2 ? year : year - 1;
    int m = month > 2 ? month - 3 : month + 9;
    return 365L * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
  }
}
