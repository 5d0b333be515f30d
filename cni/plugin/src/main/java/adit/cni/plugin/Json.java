package adit.cni.plugin;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A JSON value (RFC 8259). Numbers keep their text, objects their order, so that what is read is
/// written back unchanged.
///
/// The plugin's runtime holds `java.base` alone, which has no JSON; this is the least that the CNI
/// protocol needs.
public sealed interface Json {
  /// An object; member names are unique and in their order of appearance.
  ///
  /// @param members the members, unmodifiable
  record Obj(Map<String, Json> members) implements Json {
    /// Copies the members in their order.
    public Obj {
      members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    }

    /// The member of that name, or null when there is none.
    public @Nullable Json member(String name) {
      return members.get(name);
    }

    /// The text of the member, or an empty string when it is absent or JSON `null`.
    ///
    /// @throws JsonException when it is of another type
    public String text(String name) {
      Json value = members.get(name);
      if (value == null || value instanceof Null) {
        return "";
      }
      if (value instanceof Str text) {
        return text.value();
      }
      throw wrongType(name, value, "a string");
    }

    /// The elements of an array member, or no elements when it is absent or JSON `null`.
    ///
    /// @throws JsonException when it is of another type
    public List<Json> array(String name) {
      Json value = members.get(name);
      if (value == null || value instanceof Null) {
        return List.of();
      }
      if (value instanceof Arr array) {
        return array.elements();
      }
      throw wrongType(name, value, "an array");
    }

    /// The object member, or null when it is absent or JSON `null`.
    ///
    /// @throws JsonException when it is of another type
    public @Nullable Obj object(String name) {
      Json value = members.get(name);
      if (value == null || value instanceof Null) {
        return null;
      }
      if (value instanceof Obj object) {
        return object;
      }
      throw wrongType(name, value, "an object");
    }

    /// The truth value of the member, or `absent` when it is not there.
    ///
    /// @throws JsonException when it is of another type
    public boolean flag(String name, boolean absent) {
      Json value = members.get(name);
      if (value == null || value instanceof Null) {
        return absent;
      }
      if (value instanceof Bool bool) {
        return bool.value();
      }
      throw wrongType(name, value, "true or false");
    }

    /// The same object with one member set; a member that is there keeps its place.
    public Obj with(String name, Json value) {
      Map<String, Json> copy = new LinkedHashMap<>(members);
      copy.put(name, value);
      return new Obj(copy);
    }

    private static JsonException wrongType(String name, Json value, String expected) {
      String seen = JsonWriter.write(value);
      String shown = seen.length() > 80 ? seen.substring(0, 80) + "..." : seen;
      return new JsonException(name + ": " + shown + " (expected: " + expected + ")");
    }
  }

  /// An array.
  ///
  /// @param elements the elements, unmodifiable
  record Arr(List<Json> elements) implements Json {
    /// Copies the elements.
    public Arr {
      elements = List.copyOf(elements);
    }
  }

  /// A string.
  ///
  /// @param value the text; may hold unpaired surrogates when the document had them as escapes
  record Str(String value) implements Json {}

  /// A number.
  ///
  /// @param text the number as it is written, valid by the grammar of RFC 8259 section 6
  record Num(String text) implements Json {}

  /// A truth value.
  ///
  /// @param value the value
  record Bool(boolean value) implements Json {}

  /// The literal `null`.
  record Null() implements Json {}
}
