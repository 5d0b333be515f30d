package adit.model.authorize;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Why a connection was refused, told at both of its ends.
///
/// One record feeds the CONNECT answer (header {@link #HEADER}, which other implementations
/// ignore), the log line, the ring buffer of the admin port and the metric.
///
/// @param id random, to find the same refusal at the other end
/// @param stage which decision refused
/// @param policy key of the deciding policy, or the policies that did not allow, joined by commas;
///   empty if no policy decided
/// @param rule the rule of that policy, counted from 0, or empty
/// @param wanted what would have been let through
/// @param seen what came
/// @param peer source address and port, or empty
public record Refusal(
    String id, Stage stage, String policy, String rule, String wanted, String seen, String peer) {
  /// Name of the header.
  public static final String HEADER = "x-adit-refusal";

  /// Longest header that is written or read, in characters.
  public static final int MAX_HEADER = 2048;

  private static final int MAX_FIELD = 240;
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  /// The decisions that can refuse, in their order.
  public enum Stage {
    /// The request itself is malformed or not for this workload.
    REQUEST,
    /// The destination is unknown or has no endpoint.
    RESOLVE,
    /// A policy.
    AUTHORIZE,
    /// A rate limit.
    LIMIT,
    /// The application or its node did not answer.
    CONNECT,
    /// This proxy is at a limit of its own.
    ADMIT
  }

  /// The value of the header: `key=value` pairs, percent-encoded, joined by semicolons. Values are
  /// shortened so that the whole stays below {@link #MAX_HEADER}.
  public String header() {
    StringBuilder header = new StringBuilder(160).append("v=1");
    append(header, "id", id);
    append(header, "stage", stage.name());
    append(header, "policy", policy);
    append(header, "rule", rule);
    append(header, "wanted", wanted);
    append(header, "seen", seen);
    append(header, "peer", peer);
    return header.toString();
  }

  private static void append(StringBuilder header, String key, String value) {
    if (value.isEmpty()) {
      return;
    }
    header.append(';').append(key).append('=');
    int room = Math.min(MAX_FIELD, MAX_HEADER - header.length());
    int used = 0;
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      boolean plain = b > ' ' && b < 0x7F && b != '%' && b != ';' && b != '=' && b != '+';
      used += plain ? 1 : 3;
      if (used > room) {
        return;
      }
      if (plain) {
        header.append((char) b);
      } else {
        header.append('%').append(HEX.toHexDigits(b));
      }
    }
  }

  /// The refusal that a peer sent, or null if `header` is not one. Never throws: the peer is not
  /// trusted.
  public static @Nullable Refusal parseOrNull(String header) {
    if (header.length() > MAX_HEADER || !header.startsWith("v=1;")) {
      return null;
    }
    Map<String, String> fields = new HashMap<>();
    for (String pair : header.split(";", 16)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        fields.put(pair.substring(0, equals), decoded(pair.substring(equals + 1)));
      }
    }
    Stage stage = stageOrNull(fields.getOrDefault("stage", ""));
    if (stage == null) {
      return null;
    }
    return new Refusal(
        fields.getOrDefault("id", ""),
        stage,
        fields.getOrDefault("policy", ""),
        fields.getOrDefault("rule", ""),
        fields.getOrDefault("wanted", ""),
        fields.getOrDefault("seen", ""),
        fields.getOrDefault("peer", ""));
  }

  private static @Nullable Stage stageOrNull(String name) {
    for (Stage stage : Stage.values()) {
      if (stage.name().equals(name)) {
        return stage;
      }
    }
    return null;
  }

  /// Control characters become `?`, so that a peer cannot write lines into a log.
  private static String decoded(String text) {
    String plain;
    try {
      plain = URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      plain = text;
    }
    return plain.codePoints().anyMatch(Character::isISOControl)
        ? plain.replaceAll("\\p{Cntrl}", "?")
        : plain;
  }

  /// This refusal under an id.
  public Refusal withId(String newId) {
    return new Refusal(newId, stage, policy, rule, wanted, seen, peer);
  }

  /// One line for people.
  public String sentence() {
    StringBuilder text =
        new StringBuilder("refused at ").append(stage.name().toLowerCase(Locale.ROOT));
    if (!policy.isEmpty()) {
      text.append(" by policy ").append(policy);
      if (!rule.isEmpty()) {
        text.append(" (rule ").append(rule).append(')');
      }
    }
    if (!wanted.isEmpty()) {
      text.append(": wanted ").append(wanted);
    }
    if (!seen.isEmpty()) {
      text.append(wanted.isEmpty() ? ": seen " : ", seen ").append(seen);
    }
    return text.toString();
  }
}
