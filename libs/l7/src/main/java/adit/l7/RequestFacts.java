package adit.l7;

import adit.model.SpiffeId;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// What policies see of a request, or of a connection that is not HTTP.
public interface RequestFacts extends RequestHead {
  /// False: a connection that is not HTTP. Conditions on requests then hold for no ALLOW, and are
  /// left out of DENY.
  boolean isHttp();

  /// From the client's certificate.
  @Nullable SpiffeId source();

  /// The client as trusted headers have it, else as [#sourceAddress()].
  InetAddress remoteAddress();

  /// What was dialled.
  InetAddress destinationAddress();

  /// The token, if one was verified.
  @Nullable Token token();

  /// The server name of a TLS hello; empty if there was none.
  String serverName();
}
