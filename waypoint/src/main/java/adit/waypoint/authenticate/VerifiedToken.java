package adit.waypoint.authenticate;

import adit.l7.Token;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The claims of a token whose signature and times were checked.
///
/// @param claims as in its payload
/// @param spaceDelimited claims that are lists with spaces
record VerifiedToken(
    String issuer,
    String subject,
    List<String> audiences,
    Map<String, Object> claims,
    Set<String> spaceDelimited)
    implements Token {
  private static final int MOST_VALUES = 256;

  @Override
  public String principal() {
    return issuer + "/" + subject;
  }

  @Override
  public String presenter() {
    return claims.get("azp") instanceof String text ? text : "";
  }

  @Override
  public List<String> claim(List<String> path) {
    Object value = claims;
    for (String name : path) {
      value = value instanceof Map<?, ?> map ? map.get(name) : null;
    }
    List<String> values = new ArrayList<>();
    add(values, value, spaceDelimited.contains(path.getLast()));
    return values;
  }

  private static void add(List<String> values, @Nullable Object value, boolean split) {
    switch (value) {
      case null -> {
        // Not there.
      }
      case Collection<?> all ->
          all.stream()
              .limit(MOST_VALUES)
              .filter(Objects::nonNull)
              .filter(one -> !(one instanceof Map) && !(one instanceof Collection))
              .forEach(one -> values.add(one.toString()));
      case Map<?, ?> _ -> {
        // An object has no text.
      }
      case String text when split && text.indexOf(' ') >= 0 -> {
        values.add(text);
        values.addAll(List.of(text.split(" +", MOST_VALUES)));
      }
      default -> values.add(value.toString());
    }
  }
}
