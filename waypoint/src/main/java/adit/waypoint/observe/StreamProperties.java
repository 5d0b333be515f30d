package adit.waypoint.observe;

import adit.l7.LogFormat.Part;
import io.netty.util.NetUtil;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What can be said of a connection that is over and was not HTTP.
///
/// @param began when
/// @param nanos how long it took
/// @param received bytes of the client
/// @param sent bytes to the client
record StreamProperties(StreamRecord one, Instant began, long nanos, long received, long sent)
    implements Properties {
  @Override
  public @Nullable Object valueOrNull(Part.Of of) {
    return switch (of.property()) {
      case START_TIME -> Properties.text(began);
      case RESPONSE_CODE -> 0;
      case RESPONSE_FLAGS -> one.flags();
      case BYTES_RECEIVED -> received;
      case BYTES_SENT -> sent;
      case DURATION -> nanos / MILLI;
      case UPSTREAM_HOST -> Properties.textOrNull(one.upstream());
      case UPSTREAM_CLUSTER, UPSTREAM_CLUSTER_RAW -> cluster();
      case DOWNSTREAM_LOCAL_ADDRESS -> Properties.textOrNull(one.local());
      case DOWNSTREAM_LOCAL_PORT -> one.local().getPort();
      case DOWNSTREAM_REMOTE_ADDRESS, DOWNSTREAM_DIRECT_REMOTE_ADDRESS ->
          Properties.textOrNull(one.client());
      case DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT ->
          NetUtil.toAddressString(one.client().getAddress());
      case DOWNSTREAM_PEER_URI_SAN -> Properties.principal(one.source());
      case REQUESTED_SERVER_NAME -> one.serverName();
      case ROUTE_NAME -> Properties.said(one.route());
      default -> null;
    };
  }

  private @Nullable String cluster() {
    return Properties.cluster(one.service(), one.local().getPort(), "tcp");
  }

  @Override
  public Map<String, ?> of(String word) {
    return switch (word) {
      case "source" -> Properties.party(one.source(), one.client());
      case "destination" -> Properties.party(one.destination(), one.local());
      case "upstream" ->
          Properties.named(
              "address",
              Properties.textOrNull(one.upstream()),
              "port",
              (long) one.upstream().getPort());
      case "connection" -> Map.of("mtls", true);
      case "response" -> Map.of("flags", one.flags(), "code", 0L, "size", sent);
      case "xds" ->
          Properties.named("route_name", Properties.said(one.route()), "cluster_name", cluster());
      default -> Map.of();
    };
  }
}
