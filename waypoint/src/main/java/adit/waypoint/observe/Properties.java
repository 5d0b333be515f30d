package adit.waypoint.observe;

import adit.l7.Expression;
import adit.l7.LogFormat.Part;
import adit.model.Service;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What can be said of something that is over, under the names of access logs and of expressions.
interface Properties extends Expression.Facts {
  DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  long MILLI = 1_000_000;

  /// The value of an operator: a text, a number, or null if it is missing.
  @Nullable Object valueOrNull(Part.Of of);

  /// As access logs write it.
  static String text(Instant time) {
    return TIME.format(time);
  }

  /// Null for the reference's sign of nothing.
  static @Nullable String said(String text) {
    return text.equals("-") ? null : text;
  }

  /// `address:port`.
  static @Nullable String textOrNull(@Nullable InetSocketAddress address) {
    return address == null ? null : NetUtil.toSocketAddressString(address);
  }

  /// Its identity.
  static @Nullable String principal(Party party) {
    return party.identity() == null ? null : party.identity().toString();
  }

  /// The reference's name for the traffic to a service; null: to a workload itself.
  ///
  /// @param kind `http` or `tcp`
  static @Nullable String cluster(@Nullable Service service, int port, String kind) {
    return service == null ? null : "inbound-vip|" + port + "|" + kind + "|" + service.hostname();
  }

  /// One end, as expressions see it.
  static Map<String, Object> party(Party party, InetSocketAddress address) {
    Map<String, Object> all = named("address", textOrNull(address), "principal", principal(party));
    all.put("port", (long) address.getPort());
    if (party.workload() != null) {
      all.put("workload", party.workload().canonical().workloadName());
      all.put("namespace", party.workload().namespace());
    }
    return all;
  }

  /// Names and values, without those that are null.
  static Map<String, Object> named(@Nullable Object... keyValues) {
    Map<String, Object> all = new HashMap<>();
    for (int i = 0; i < keyValues.length; i += 2) {
      Object value = keyValues[i + 1];
      if (value != null) {
        all.put(String.valueOf(keyValues[i]), value);
      }
    }
    return all;
  }
}
