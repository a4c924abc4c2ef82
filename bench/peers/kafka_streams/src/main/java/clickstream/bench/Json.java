package clickstream.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** JSON objects as records' values, by Jackson. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  static final Serde<ObjectNode> SERDE =
      Serdes.serdeFrom((topic, node) -> write(node), (topic, bytes) -> read(bytes));

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static String text(ObjectNode node, String field) {
    return node.get(field).asText();
  }

  /** Returns the field {@code timestamp}, ISO 8601 or a number, in epoch milliseconds. */
  static long eventTime(ObjectNode node) {
    JsonNode time = node.get("timestamp");
    return time.isNumber() ? time.asLong() : Instant.parse(time.asText()).toEpochMilli();
  }

  private static byte[] write(ObjectNode node) {
    try {
      return node == null ? null : MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static ObjectNode read(byte[] bytes) {
    try {
      return bytes == null ? null : (ObjectNode) MAPPER.readTree(bytes);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
