package adit.l7;

import adit.model.Cidr;
import adit.model.InvalidResource;
import adit.model.NamespacedHostname;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Reads single values of one resource, each within its bounds.
///
/// @param resource its name, for complaints
record Checked(String resource) {
  private static final int MAX_TEXT = 64 << 10;
  private static final java.time.Duration LONGEST = java.time.Duration.ofDays(366);

  /// Reads one element of a list.
  interface One<W, T> {
    T read(W wire) throws InvalidResource;
  }

  static <W, T> List<T> each(List<W> wire, One<W, T> one) throws InvalidResource {
    List<T> all = new ArrayList<>(wire.size());
    for (W element : wire) {
      all.add(one.read(element));
    }
    return all;
  }

  InvalidResource bad(String field, Object value, String expected) {
    return new InvalidResource(resource, field, value, expected);
  }

  String text(String field, String value) throws InvalidResource {
    if (value.length() > MAX_TEXT) {
      throw bad(field, value.length() + " characters", "at most " + MAX_TEXT);
    }
    return value;
  }

  String notEmpty(String field, String value) throws InvalidResource {
    if (value.isEmpty()) {
      throw bad(field, "\"\"", "not empty");
    }
    return text(field, value);
  }

  NamespacedHostname service(String field, String value) throws InvalidResource {
    NamespacedHostname key = NamespacedHostname.parseOrNull(value);
    if (key == null) {
      throw bad(field, value, "namespace/hostname");
    }
    return key;
  }

  String gateway(String field, String value) throws InvalidResource {
    if (NamespacedHostname.parseOrNull(value) == null) {
      throw bad(field, value, "namespace/name");
    }
    return value;
  }

  int port(String field, int value) throws InvalidResource {
    return number(field, value, 0, 0xFFFF);
  }

  /// An unsigned number of the wire.
  int number(String field, int value, int least, int most) throws InvalidResource {
    if (value < least || value > most) {
      throw bad(field, Integer.toUnsignedString(value), least + ".." + most);
    }
    return value;
  }

  java.time.Duration duration(String field, Duration wire) throws InvalidResource {
    if (wire.getSeconds() < 0
        || wire.getSeconds() > LONGEST.toSeconds()
        || wire.getNanos() < 0
        || wire.getNanos() > 999_999_999) {
      throw bad(
          field,
          wire.getSeconds() + " s " + wire.getNanos() + " ns",
          "0 to " + LONGEST.toDays() + " days");
    }
    return java.time.Duration.ofSeconds(wire.getSeconds(), wire.getNanos());
  }

  Instant time(String field, Timestamp wire) throws InvalidResource {
    try {
      return Instant.ofEpochSecond(wire.getSeconds(), wire.getNanos());
    } catch (DateTimeException | ArithmeticException e) {
      throw bad(field, wire.getSeconds() + " s", "a time");
    }
  }

  double percent(String field, double value) throws InvalidResource {
    if (!(value >= 0 && value <= 100)) {
      throw bad(field, value, "0..100");
    }
    return value;
  }

  /// `a.b.c.d`, `a.b.c.d/n` and the same of IPv6.
  Cidr cidr(String field, String value) throws InvalidResource {
    int slash = value.indexOf('/');
    String address = slash < 0 ? value : value.substring(0, slash);
    try {
      InetAddress base = InetAddress.ofLiteral(address);
      int bits = base.getAddress().length * 8;
      return new Cidr(base, slash < 0 ? bits : Integer.parseInt(value.substring(slash + 1)));
    } catch (IllegalArgumentException e) {
      throw bad(field, value, "an address or a range such as 10.0.0.0/8");
    }
  }

  StringMatch string(String field, adit.protos.l7.StringMatch wire) throws InvalidResource {
    boolean ignoreCase = wire.getIgnoreCase();
    return switch (wire.getKindCase()) {
      case EXACT -> new StringMatch.Exact(text(field, wire.getExact()), ignoreCase);
      case PREFIX -> new StringMatch.Prefix(text(field, wire.getPrefix()), ignoreCase);
      case SUFFIX -> new StringMatch.Suffix(text(field, wire.getSuffix()), ignoreCase);
      case REGEX -> regex(field, wire.getRegex(), ignoreCase);
      case PRESENT -> {
        if (!wire.getPresent()) {
          throw bad(field + ".present", false, "true");
        }
        yield new StringMatch.Present();
      }
      case KIND_NOT_SET -> throw bad(field, "unset", "exact, prefix, suffix, regex or present");
    };
  }

  StringMatch.Regex regex(String field, String text, boolean ignoreCase) throws InvalidResource {
    return new StringMatch.Regex(Regexes.compile(resource, field, text, ignoreCase));
  }

  Target target(adit.protos.l7.Target wire) throws InvalidResource {
    return switch (wire.getKindCase()) {
      case SERVICE -> new Target.OfService(service("targets.service", wire.getService()));
      case GATEWAY -> new Target.OfGateway(gateway("targets.gateway", wire.getGateway()));
      case GATEWAY_CLASS ->
          new Target.OfClass(notEmpty("targets.gateway_class", wire.getGatewayClass()));
      case KIND_NOT_SET -> throw bad("targets", "unset", "service, gateway or gateway_class");
    };
  }

  List<Target> targets(List<adit.protos.l7.Target> wire) throws InvalidResource {
    return each(wire, this::target);
  }

  /// `a.b` or `a[b][c]`; brackets keep dots in names.
  List<String> claim(String field, String text) throws InvalidResource {
    List<String> path = ClaimPath.parseOrNull(text);
    if (path == null) {
      throw bad(field, text, "a claim such as groups, realm.roles or realm[roles]");
    }
    return path;
  }
}
