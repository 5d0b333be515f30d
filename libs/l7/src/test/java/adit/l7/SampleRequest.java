package adit.l7;

import adit.model.SpiffeId;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request of a test: `GET /` of `a` from `shop/client`, but for what is said.
final class SampleRequest implements RequestFacts {
  private final Map<String, String> headers = new HashMap<>();
  private final Map<String, String> query = new HashMap<>();
  private String method = "GET";
  private String path = "/";
  private String authority = "a";
  private int port = 80;
  private boolean http = true;
  private @Nullable SpiffeId source = new SpiffeId("cluster.local", "shop", "client");
  private @Nullable Token token;

  static SampleRequest get(String path) {
    SampleRequest request = new SampleRequest();
    request.path = path;
    return request;
  }

  static SampleRequest stream() {
    SampleRequest request = new SampleRequest();
    request.http = false;
    return request;
  }

  SampleRequest method(String value) {
    method = value;
    return this;
  }

  SampleRequest header(String name, String value) {
    headers.put(name.toLowerCase(Locale.ROOT), value);
    return this;
  }

  SampleRequest query(String name, String value) {
    query.put(name, value);
    return this;
  }

  SampleRequest authority(String value) {
    authority = value;
    return this;
  }

  SampleRequest port(int value) {
    port = value;
    return this;
  }

  SampleRequest from(@Nullable SpiffeId value) {
    source = value;
    return this;
  }

  /// With a token of `issuer/subject` and one claim.
  SampleRequest token(String principal, List<String> path, String... values) {
    token =
        new Token() {
          @Override
          public String principal() {
            return principal;
          }

          @Override
          public List<String> audiences() {
            return List.of("shop");
          }

          @Override
          public String presenter() {
            return "app";
          }

          @Override
          public List<String> claim(List<String> asked) {
            return asked.equals(path) ? List.of(values) : List.of();
          }
        };
    return this;
  }

  @Override
  public boolean isHttp() {
    return http;
  }

  @Override
  public @Nullable SpiffeId source() {
    return source;
  }

  @Override
  public InetAddress remoteAddress() {
    return sourceAddress();
  }

  @Override
  public InetAddress destinationAddress() {
    return InetAddress.ofLiteral("10.96.0.1");
  }

  @Override
  public @Nullable Token token() {
    return token;
  }

  @Override
  public String serverName() {
    return "";
  }

  @Override
  public String method() {
    return method;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public String scheme() {
    return "http";
  }

  @Override
  public String authority() {
    return authority;
  }

  @Override
  public @Nullable String header(String name) {
    return headers.get(name);
  }

  @Override
  public @Nullable String query(String name) {
    return query.get(name);
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String sourceNamespace() {
    SpiffeId id = source;
    return id == null ? "" : id.namespace();
  }

  @Override
  public InetAddress sourceAddress() {
    return InetAddress.ofLiteral("10.0.0.7");
  }
}
