package adit.source.object;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One JSON object being read: every access checks the type and says path, value and expectation
/// when it is wrong. A wrong value counts as absent, so reading goes on and finds all mistakes at
/// once. A field that was never asked for is unknown.
public final class Fields {
  private final JsonNode node;
  private final String path;
  private final List<Finding> findings;
  private final Set<String> known = new HashSet<>();

  private Fields(JsonNode node, String path, List<Finding> findings) {
    this.node = node;
    this.path = path;
    this.findings = findings;
  }

  /// The `spec` of an object that was read before.
  ///
  /// @param findings where complaints go
  public static Fields spec(JsonNode spec, List<Finding> findings) {
    return new Fields(spec, "spec", findings);
  }

  /// What was found inside of an object, at a path.
  ///
  /// @param findings where complaints go
  public static Fields at(JsonNode node, String path, List<Finding> findings) {
    return new Fields(node, path, findings);
  }

  static Fields root(JsonNode node, List<Finding> findings) {
    return new Fields(node, "", findings);
  }

  /// Reads `node`, found at `path`, as an object.
  private Fields child(JsonNode child, String childPath) {
    if (!child.isObject() && !absent(child)) {
      error(childPath, child, "an object");
    }
    return new Fields(child.isObject() ? child : MissingNode.getInstance(), childPath, findings);
  }

  /// Path of a field.
  public String path(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /// Whether a field is there and not null.
  public boolean has(String name) {
    return !absent(get(name));
  }

  /// Whether the object itself is there.
  public boolean present() {
    return node.isObject();
  }

  /// Whether the object is there and says nothing.
  public boolean empty() {
    return node.isEmpty();
  }

  /// A field that is an object; one that is not there is an empty one that is not present.
  public Fields object(String name) {
    return child(get(name), path(name));
  }

  /// A string.
  public String text(String name, String absent) {
    JsonNode value = get(name);
    if (absent(value)) {
      return absent;
    }
    if (!value.isTextual()) {
      error(path(name), value, value.isValueNode() ? "a string, in quotes" : "a string");
      return absent;
    }
    return value.textValue();
  }

  /// A string, empty if it is not there.
  public String text(String name) {
    return text(name, "");
  }

  /// A string that has to be there.
  public String requiredText(String name) {
    String value = text(name);
    if (value.isEmpty() && (!has(name) || get(name).isTextual())) {
      error(path(name), get(name), "a value");
    }
    return value;
  }

  /// A whole number.
  public long integer(String name, long absent, long least, long most) {
    JsonNode value = get(name);
    if (absent(value)) {
      return absent;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.longValue() < least
        || value.longValue() > most) {
      error(path(name), value, "a whole number " + least + ".." + most);
      return absent;
    }
    return value.longValue();
  }

  /// A port, `1..65535`.
  public int port(String name, int absent) {
    return (int) integer(name, absent, 1, 65_535);
  }

  /// True or false.
  public boolean flag(String name, boolean absent) {
    JsonNode value = get(name);
    if (absent(value)) {
      return absent;
    }
    if (!value.isBoolean()) {
      error(path(name), value, "true or false");
      return absent;
    }
    return value.booleanValue();
  }

  /// One of the names of an enum, as written in its constants.
  public <E extends Enum<E>> E choice(String name, E absent, E[] all) {
    String text = text(name);
    if (text.isEmpty()) {
      return absent;
    }
    for (E candidate : all) {
      if (candidate.name().equals(text)) {
        return candidate;
      }
    }
    error(path(name), get(name), "one of " + Arrays.toString(all));
    return absent;
  }

  @Nullable Instant instantOrNull(String name) {
    String text = text(name);
    if (text.isEmpty()) {
      return null;
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      error(path(name), get(name), "a time, as in 2026-01-31T12:00:00Z");
      return null;
    }
  }

  /// A span of time, as in `1.5s`, `100ms`, `1h30m`; null if there is none.
  public @Nullable Duration durationOrNull(String name) {
    String text = text(name);
    if (text.isEmpty()) {
      return null;
    }
    Duration duration = Spans.parseOrNull(text);
    if (duration == null) {
      error(path(name), get(name), "a span of time, as in 1.5s, 100ms, 1h30m");
    }
    return duration;
  }

  /// A number.
  public double number(String name, double absent, double least, double most) {
    JsonNode value = get(name);
    if (absent(value)) {
      return absent;
    }
    if (!value.isNumber() || value.doubleValue() < least || value.doubleValue() > most) {
      error(path(name), value, "a number " + least + ".." + most);
      return absent;
    }
    return value.doubleValue();
  }

  /// The field itself, as it is written; missing if it is absent.
  public JsonNode tree(String name) {
    return get(name);
  }

  /// Names of all fields.
  public List<String> names() {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /// A port's number or name.
  @Nullable PortRef portRefOrNull(String name) {
    JsonNode value = get(name);
    if (absent(value)) {
      return null;
    }
    if (value.isTextual() && !value.textValue().isEmpty()) {
      return new PortRef.Named(value.textValue());
    }
    int number = port(name, 0);
    return number == 0 ? null : new PortRef.Numbered(number);
  }

  /// An object of strings.
  public Map<String, String> textMap(String name) {
    return map(name, "a string, in quotes", v -> v.isTextual() ? v.textValue() : null);
  }

  Map<String, Integer> portMap(String name) {
    return map(
        name,
        "a port 1..65535",
        v -> v.isInt() && v.intValue() > 0 && v.intValue() <= 65_535 ? v.intValue() : null);
  }

  private <T> Map<String, T> map(
      String name, String expected, Function<JsonNode, @Nullable T> read) {
    Map<String, T> result = new LinkedHashMap<>();
    JsonNode map = child(get(name), path(name)).node;
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      T value = read.apply(entry.getValue());
      if (value == null) {
        error(path(name) + "[" + entry.getKey() + "]", entry.getValue(), expected);
      } else {
        result.put(entry.getKey(), value);
      }
    }
    return result;
  }

  /// A list of strings.
  public List<String> texts(String name) {
    return list(
        name,
        (value, at) -> {
          if (value.isTextual()) {
            return value.textValue();
          }
          error(at, value, "a string");
          return null;
        });
  }

  /// A list of strings that should look like `form`, each. Has those that do not, too.
  ///
  /// @param severity of one that does not
  List<String> texts(String name, TextForm form, Problem.Severity severity) {
    List<String> result = texts(name);
    for (int i = 0; i < result.size(); i++) {
      if (!form.test().test(result.get(i))) {
        String at = path(name) + "[" + i + "]";
        findings.add(new Finding(severity, at, shown(get(name).path(i)), form.expected()));
      }
    }
    return result;
  }

  /// A list of objects; `read` is called for each.
  public <T> List<T> objects(String name, Function<Fields, @Nullable T> read) {
    return list(
        name,
        (value, at) -> {
          if (!value.isObject()) {
            error(at, value, "an object");
            return null;
          }
          return read.apply(new Fields(value, at, findings));
        });
  }

  private <T> List<T> list(String name, BiFunction<JsonNode, String, @Nullable T> read) {
    JsonNode list = get(name);
    if (absent(list)) {
      return List.of();
    }
    if (!list.isArray()) {
      error(path(name), list, "a list");
      return List.of();
    }
    List<T> result = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      T value = read.apply(list.get(i), path(name) + "[" + i + "]");
      if (value != null) {
        result.add(value);
      }
    }
    return result;
  }

  /// A field as it is written, empty if it is absent.
  public String json(String name) {
    return has(name) ? get(name).toString() : "";
  }

  /// Fields that are right but that nobody here reads.
  public Fields ignore(String... names) {
    known.addAll(Arrays.asList(names));
    return this;
  }

  /// Names of fields that nobody asked for.
  public List<String> unknown() {
    List<String> result = new ArrayList<>();
    node.fieldNames()
        .forEachRemaining(name -> {
          if (!known.contains(name)) {
            result.add(name);
          }
        });
    return result;
  }

  /// Reports every field that nobody asked for.
  public void refuseUnknown(Problem.Severity severity) {
    for (String name : unknown()) {
      findings.add(
          new Finding(
              severity,
              path(name),
              shown(node.path(name)),
              "no such field; known: " + String.join(", ", known.stream().sorted().toList())));
    }
  }

  /// Reports a field.
  public void invalid(Problem.Severity severity, String name, String expected) {
    findings.add(new Finding(severity, path(name), shown(node.path(name)), expected));
  }

  /// Reports something below this object that somebody else found.
  ///
  /// @param where path below this object
  public void invalid(Problem.Severity severity, String where, String value, String expected) {
    findings.add(new Finding(severity, path(where), value, expected));
  }

  /// Reports this object itself.
  public void invalid(Problem.Severity severity, String expected) {
    findings.add(new Finding(severity, path, shown(node), expected));
  }

  private void error(String at, JsonNode value, String expected) {
    findings.add(new Finding(Problem.Severity.ERROR, at, shown(value), expected));
  }

  private JsonNode get(String name) {
    known.add(name);
    return node.path(name);
  }

  private static boolean absent(JsonNode value) {
    return value.isMissingNode() || value.isNull();
  }

  private static String shown(JsonNode value) {
    return absent(value) ? "nothing" : value.toString();
  }

  @Override
  public String toString() {
    return path.toLowerCase(Locale.ROOT) + " " + node;
  }
}
