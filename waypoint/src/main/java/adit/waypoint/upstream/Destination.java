package adit.waypoint.upstream;

import adit.l7.TrafficPolicy.ClientTls;
import adit.model.SpiffeId;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One backend, and how it is spoken to. What has an equal destination may share a connection.
///
/// @param uid of the workload
/// @param address its own address and target port
/// @param expected through HBONE: who it may be; empty: plain TCP
/// @param protocol inside the layers
public record Destination(
    String uid,
    InetSocketAddress address,
    Set<SpiffeId> expected,
    Protocol protocol,
    Limits limits,
    Layers layers) {
  public Destination {
    expected = Set.copyOf(expected);
  }

  /// What is spoken.
  public enum Protocol {
    /// Whatever the client speaks.
    BYTES(""),
    HTTP1("http/1.1"),
    HTTP2("h2");

    private final String alpn;

    Protocol(String alpn) {
      this.alpn = alpn;
    }

    /// Its name in TLS; empty if it has none.
    String alpn() {
      return alpn;
    }

    /// The one of the two HTTPs.
    public static Protocol http(boolean second) {
      return second ? HTTP2 : HTTP1;
    }
  }

  /// Of a connection.
  ///
  /// @param connect for making it; zero: the default
  /// @param requests that one connection carries; 0: no limit
  /// @param idle after which an unused one is not used again; zero: the default
  public record Limits(Duration connect, int requests, Duration idle) {
    /// The defaults.
    public static final Limits NONE = new Limits(Duration.ZERO, 0, Duration.ZERO);
  }

  /// What lies between the transport and the protocol, the lowest first.
  public record Layers(@Nullable Ends proxied, @Nullable Tls tls) {
    /// Nothing.
    public static final Layers NONE = new Layers(null, null);
  }

  /// What the PROXY protocol tells of a connection.
  ///
  /// @param version 1 or 2
  /// @param client who wants something
  /// @param wanted what it dialled
  public record Ends(int version, InetSocketAddress client, InetSocketAddress wanted) {}

  /// TLS, of ours to the backend.
  ///
  /// @param serverName asked for, and what the certificate must be for if nothing else is said
  public record Tls(ClientTls settings, String serverName) {}

  /// Whether requests go in HTTP/2.
  boolean http2() {
    return protocol == Protocol.HTTP2;
  }

  /// Whether it is reached through HBONE.
  public boolean isTunnelled() {
    return !expected.isEmpty();
  }
}
