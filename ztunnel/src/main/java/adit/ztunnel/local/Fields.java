package adit.ztunnel.local;

import adit.proxy.ConfigException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads one YAML object field by field and in the end refuses what nobody asked for.
final class Fields {
  private final String where;
  private final JsonNode node;
  private final Set<String> known = new HashSet<>();

  private Fields(String where, JsonNode node) {
    this.where = where;
    this.node = node;
  }

  /// Applies `reader` to the object at `where`; fields that it does not read are an error.
  static <T> T read(String where, JsonNode node, Function<Fields, T> reader) {
    if (!node.isObject()) {
      throw new ConfigException(where, node.toString(), "an object");
    }
    var fields = new Fields(where, node);
    T result = reader.apply(fields);
    node.fieldNames()
        .forEachRemaining(name -> {
          if (!fields.known.contains(name)) {
            throw new ConfigException(
                where + "." + name, "unknown field", String.join(", ", fields.known));
          }
        });
    return result;
  }

  String path(String field) {
    return where + "." + field;
  }

  private @Nullable JsonNode valueOrNull(String field) {
    known.add(field);
    JsonNode value = node.get(field);
    return value == null || value.isNull() ? null : value;
  }

  private JsonNode required(String field) {
    JsonNode value = valueOrNull(field);
    if (value == null) {
      throw new ConfigException(path(field), "missing", "a value");
    }
    return value;
  }

  void text(String field, Consumer<String> sink) {
    JsonNode value = valueOrNull(field);
    if (value != null) {
      sink.accept(scalar(path(field), value));
    }
  }

  String requiredText(String field) {
    return scalar(path(field), required(field));
  }

  void flag(String field, Consumer<Boolean> sink) {
    JsonNode value = valueOrNull(field);
    if (value != null) {
      sink.accept(flag(path(field), value));
    }
  }

  boolean requiredFlag(String field) {
    return flag(path(field), required(field));
  }

  void number(String field, Consumer<Integer> sink) {
    JsonNode value = valueOrNull(field);
    if (value != null) {
      sink.accept(number(path(field), value));
    }
  }

  <E extends Enum<E>> void choice(String field, Map<String, E> names, Consumer<E> sink) {
    JsonNode value = valueOrNull(field);
    if (value == null) {
      return;
    }
    E found = names.get(value.asText());
    if (found == null) {
      throw new ConfigException(
          path(field), value.asText(), "one of " + String.join(", ", names.keySet()));
    }
    sink.accept(found);
  }

  void object(String field, Consumer<Fields> reader) {
    JsonNode value = valueOrNull(field);
    if (value != null) {
      var _ =
          read(
              path(field),
              value,
              fields -> {
                reader.accept(fields);
                return fields;
              });
    }
  }

  void list(String field, BiConsumer<String, JsonNode> each) {
    JsonNode value = valueOrNull(field);
    if (value == null) {
      return;
    }
    if (!value.isArray()) {
      throw new ConfigException(path(field), value.toString(), "a list");
    }
    for (int i = 0; i < value.size(); i++) {
      each.accept(path(field) + "[" + i + "]", value.get(i));
    }
  }

  /// Entries of an object whose keys are data.
  void entries(String field, BiConsumer<String, JsonNode> each) {
    JsonNode value = valueOrNull(field);
    if (value == null) {
      return;
    }
    if (!value.isObject()) {
      throw new ConfigException(path(field), value.toString(), "an object");
    }
    value.properties().forEach(entry -> each.accept(entry.getKey(), entry.getValue()));
  }

  static String scalar(String where, JsonNode value) {
    if (!value.isValueNode()) {
      throw new ConfigException(where, value.toString(), "a text");
    }
    return value.asText();
  }

  static boolean flag(String where, JsonNode value) {
    if (!value.isBoolean()) {
      throw new ConfigException(where, value.toString(), "true or false");
    }
    return value.booleanValue();
  }

  static int number(String where, JsonNode value) {
    if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < 0) {
      throw new ConfigException(where, value.toString(), "a whole number from 0");
    }
    return value.intValue();
  }

  static int number(String where, String text) {
    try {
      int value = Integer.parseInt(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException _) {
      // Reported below, like a negative number.
    }
    throw new ConfigException(where, text, "a whole number from 0");
  }
}
