package adit.waypoint.observe;

import adit.l7.WaypointConfig;
import adit.telemetry.Log;
import adit.waypoint.view.Board;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A line for each request, in the reference's default form, when the mesh asks for it.
public final class AccessLog {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final int LONGEST = 2048;

  private final Board board;
  private final Log log;
  private final InstantSource clock;

  AccessLog(Board board, Log log, InstantSource clock) {
    this.board = board;
    this.log = log;
    this.clock = clock;
  }

  void write(RequestRecord one, long nanos) {
    WaypointConfig config = board.now().l7().config();
    WaypointConfig.AccessLog wanted = config == null ? null : config.log();
    if (wanted != null) {
      Map<String, Object> fields = fields(one, nanos);
      log.info(wanted.json() ? json(fields) : text(fields));
    }
  }

  private Map<String, Object> fields(RequestRecord one, long nanos) {
    Map<String, Object> fields = new LinkedHashMap<>();
    RequestRecord.Asked asked = one.asked;
    fields.put("start_time", TIME.format(clock.instant().minusNanos(nanos)));
    fields.put("method", asked.method());
    fields.put("path", asked.target());
    fields.put("protocol", asked.version());
    fields.put("response_code", one.status);
    fields.put("response_flags", one.flags);
    fields.put("response_code_details", one.detail);
    fields.put("connection_termination_details", "-");
    fields.put("upstream_transport_failure_reason", one.failure);
    fields.put("bytes_received", one.received);
    fields.put("bytes_sent", one.sent);
    fields.put("duration", nanos / 1_000_000);
    fields.put(
        "upstream_service_time",
        one.upstreamNanos < 0 ? "-" : Long.toString(one.upstreamNanos / 1_000_000));
    fields.put("x_forwarded_for", orDash(asked.forwardedFor()));
    fields.put("user_agent", orDash(asked.userAgent()));
    fields.put("request_id", orDash(asked.requestId()));
    fields.put("authority", orDash(asked.authority()));
    fields.put("upstream_host", orDash(one.upstream));
    fields.put("upstream_cluster", cluster(one));
    fields.put("upstream_local_address", "-");
    fields.put("downstream_local_address", orDash(asked.local()));
    fields.put("downstream_remote_address", orDash(asked.client()));
    fields.put("requested_server_name", "-");
    fields.put("route_name", one.route);
    return fields;
  }

  private static String cluster(RequestRecord one) {
    return one.asked.service() == null
        ? "-"
        : "inbound-vip|" + one.asked.local().getPort() + "|http|" + one.asked.service().hostname();
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }

  private static String orDash(@Nullable InetSocketAddress address) {
    return address == null ? "-" : NetUtil.toSocketAddressString(address);
  }

  private static String text(Map<String, Object> f) {
    StringBuilder line = new StringBuilder(400);
    line.append('[').append(f.get("start_time")).append("] \"");
    plain(line, f.get("method")).append(' ');
    plain(line, f.get("path")).append(' ').append(f.get("protocol")).append('"');
    for (String name :
        new String[] {
          "response_code",
          "response_flags",
          "response_code_details",
          "connection_termination_details"
        }) {
      plain(line.append(' '), f.get(name));
    }
    quoted(line, f, "upstream_transport_failure_reason");
    for (String name :
        new String[] {"bytes_received", "bytes_sent", "duration", "upstream_service_time"}) {
      plain(line.append(' '), f.get(name));
    }
    for (String name :
        new String[] {
          "x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host"
        }) {
      quoted(line, f, name);
    }
    for (String name :
        new String[] {
          "upstream_cluster",
          "upstream_local_address",
          "downstream_local_address",
          "downstream_remote_address",
          "requested_server_name",
          "route_name"
        }) {
      plain(line.append(' '), f.get(name));
    }
    return line.toString();
  }

  private static void quoted(StringBuilder line, Map<String, Object> fields, String name) {
    plain(line.append(" \""), fields.get(name)).append('"');
  }

  /// What a client sends must not look like a line, or the end of a field.
  private static StringBuilder plain(StringBuilder line, @Nullable Object value) {
    String text = String.valueOf(value);
    int length = Math.min(LONGEST, text.length());
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      line.append(c < ' ' || c == '"' || c == 127 ? '_' : c);
    }
    return line;
  }

  private static String json(Map<String, Object> fields) {
    StringBuilder line = new StringBuilder(600).append('{');
    fields.forEach((name, value) -> {
      line.append(line.length() == 1 ? "" : ",").append('"').append(name).append("\":");
      if (value instanceof Number) {
        line.append(value);
      } else {
        String text = value.toString();
        line.append('"')
            .append(
                JsonStringEncoder.getInstance()
                    .quoteAsString(text.substring(0, Math.min(LONGEST, text.length()))))
            .append('"');
      }
    });
    return line.append('}').toString();
  }
}
