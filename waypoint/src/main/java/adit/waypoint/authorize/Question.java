package adit.waypoint.authorize;

import adit.model.SpiffeId;
import adit.waypoint.message.RequestMessage;
import com.google.protobuf.ByteString;
import java.net.InetSocketAddress;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What an authorizer decides about.
///
/// @param source the client's identity; null: it has none
/// @param client the client's address
/// @param self our own identity
/// @param local what the client dialled
/// @param request null: a connection that is not HTTP
/// @param body what is shown of it; null: nothing
public record Question(
    @Nullable SpiffeId source,
    InetSocketAddress client,
    SpiffeId self,
    InetSocketAddress local,
    Instant time,
    @Nullable RequestMessage request,
    @Nullable Shown body) {
  /// The header that tells an authorizer whether more of the body follows than it sees.
  static final String PARTIAL = "x-envoy-auth-partial-body";

  /// A body, or its beginning.
  public record Shown(ByteString bytes, boolean partial) {}
}
