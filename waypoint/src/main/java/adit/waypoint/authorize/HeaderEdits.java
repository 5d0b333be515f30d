package adit.waypoint.authorize;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Changes of headers that an authorizer wants. Immutable.
///
/// @param edits in order
/// @param removed names, lower case
public record HeaderEdits(List<Edit> edits, List<String> removed) {
  static final HeaderEdits NONE = new HeaderEdits(List.of(), List.of());

  /// What a message is framed and found by is not an authorizer's to change.
  private static final Set<String> OURS =
      Set.of(
          "host",
          "content-length",
          "transfer-encoding",
          "connection",
          "keep-alive",
          "proxy-connection",
          "te",
          "trailer",
          "upgrade");

  private static final String SYMBOLS = "!#$%&'*+-.^_`|~";

  public HeaderEdits {
    edits = List.copyOf(edits);
    removed = List.copyOf(removed);
  }

  /// One change.
  ///
  /// @param name lower case
  public record Edit(String name, String value, How how) {}

  /// What becomes of values that are there.
  public enum How {
    SET,
    APPEND,
    ADD_IF_ABSENT,
    SET_IF_PRESENT
  }

  /// Whether nothing changes.
  public boolean isEmpty() {
    return edits.isEmpty() && removed.isEmpty();
  }

  /// Changes headers.
  public void apply(HttpHeaders headers) {
    removed.stream().filter(HeaderEdits::isTheirs).forEach(headers::remove);
    for (Edit one : edits) {
      if (!isTheirs(one.name())) {
        continue;
      }
      boolean there = headers.contains(one.name());
      switch (one.how()) {
        case SET -> headers.set(one.name(), one.value());
        case APPEND -> append(headers, one);
        case ADD_IF_ABSENT -> {
          if (!there) {
            headers.set(one.name(), one.value());
          }
        }
        case SET_IF_PRESENT -> {
          if (there) {
            headers.set(one.name(), one.value());
          }
        }
      }
    }
  }

  /// Several values of one name become one (RFC 9110 section 5.3), so that every backend sees all
  /// of them.
  private static void append(HttpHeaders headers, Edit one) {
    List<String> before = headers.getAll(one.name());
    if (before.isEmpty() || one.name().equals("set-cookie")) {
      headers.add(one.name(), one.value());
    } else {
      headers.set(one.name(), String.join(",", before) + "," + one.value());
    }
  }

  /// Whether an authorizer may change a header.
  ///
  /// @param name lower case
  static boolean isTheirs(String name) {
    return !name.startsWith(":") && !OURS.contains(name);
  }

  /// The name as it is compared.
  ///
  /// @throws NotHttp if it cannot be one
  static String name(String written) throws NotHttp {
    String name = written.toLowerCase(Locale.ROOT);
    boolean pseudo = name.startsWith(":");
    boolean good = name.length() > (pseudo ? 1 : 0);
    for (int i = pseudo ? 1 : 0; i < name.length(); i++) {
      char c = name.charAt(i);
      good &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || SYMBOLS.indexOf(c) >= 0;
    }
    if (!good) {
      throw new NotHttp("a header's name");
    }
    return name;
  }

  /// The value.
  ///
  /// @throws NotHttp if it cannot be one: it would look like another header, or another message
  static String value(String written) throws NotHttp {
    for (int i = 0; i < written.length(); i++) {
      char c = written.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f || c > 0xff) {
        throw new NotHttp("a header's value");
      }
    }
    return written;
  }

  /// Thrown where an answer has in it what cannot be said in HTTP.
  static final class NotHttp extends Exception {
    private static final long serialVersionUID = 1L;

    NotHttp(String what) {
      super(what + " that cannot be one");
    }
  }
}
