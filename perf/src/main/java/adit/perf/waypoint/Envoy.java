package adit.perf.waypoint;

import static java.nio.charset.StandardCharsets.US_ASCII;

import adit.identity.CertificateChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// What an Envoy needs to do the same work as the waypoint that is measured: it ends tunnels in
/// mutual TLS, chooses a route by a header, checks a policy of layer 7, counts, and forwards in
/// plaintext.
///
/// @param directory for its files
/// @param bed addresses and ports
record Envoy(Path directory, Bed bed) {
  /// Where it gets its requests from and brings them to.
  ///
  /// @param routes with a header that no request has, before the one that is used
  record Bed(String listen, String vip, String server, int http1, int http2, int routes) {}

  /// Writes keys and configuration.
  ///
  /// @return the configuration's path
  Path write(CertificateChain chain) throws IOException, CertificateEncodingException {
    byte[] key = chain.key().getEncoded();
    Files.writeString(directory.resolve("key.pem"), pem("PRIVATE KEY", key));
    Files.writeString(directory.resolve("chain.pem"), certificates(chain.presented()));
    Files.writeString(directory.resolve("roots.pem"), certificates(chain.roots()));
    return Files.writeString(directory.resolve("envoy.yaml"), configuration());
  }

  private static String certificates(List<X509Certificate> all)
      throws CertificateEncodingException {
    StringBuilder text = new StringBuilder();
    for (X509Certificate one : all) {
      text.append(pem("CERTIFICATE", one.getEncoded()));
    }
    return text.toString();
  }

  private static String pem(String type, byte[] content) {
    String body = Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(content);
    return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
  }

  private String configuration() {
    return """
    bootstrap_extensions:
    - name: internal
      typed_config: {"@type": type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener}
    static_resources:
      listeners:
    """
        + terminator()
        + inner("http1")
        + inner("http2")
        + "  clusters:\n"
        + internalCluster("http1")
        + internalCluster("http2")
        + backend("http1", bed.http1(), "http_protocol_options: {}")
        + backend("http2", bed.http2(), "http2_protocol_options: {}");
  }

  private String terminator() {
    return String.format(
        Locale.ROOT,
        """
          - name: hbone
            address: {socket_address: {address: %1$s, port_value: 15008}}
            filter_chains:
            - transport_socket:
                name: tls
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                  require_client_certificate: true
                  common_tls_context:
                    alpn_protocols: [h2]
                    tls_params: {tls_minimum_protocol_version: TLSv1_3}
                    tls_certificates: [{certificate_chain: {filename: %2$s/chain.pem}, private_key: {filename: %2$s/key.pem}}]
                    validation_context: {trusted_ca: {filename: %2$s/roots.pem}}
              filters:
              - name: http
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: hbone
                  codec_type: HTTP2
                  http2_protocol_options: {allow_connect: true}
                  upgrade_configs: [{upgrade_type: CONNECT}]
                  route_config:
                    virtual_hosts:
                    - name: http1
                      domains: ["%3$s:80"]
                      routes: [{match: {connect_matcher: {}}, route: {cluster: to-http1, upgrade_configs: [{upgrade_type: CONNECT, connect_config: {}}]}}]
                    - name: http2
                      domains: ["%3$s:81"]
                      routes: [{match: {connect_matcher: {}}, route: {cluster: to-http2, upgrade_configs: [{upgrade_type: CONNECT, connect_config: {}}]}}]
                  http_filters: [{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
        """,
        bed.listen(),
        directory,
        bed.vip());
  }

  private String inner(String name) {
    return String.format(
        Locale.ROOT,
        """
          - name: %1$s
            internal_listener: {}
            filter_chains:
            - filters:
              - name: http
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: %1$s
                  codec_type: AUTO
                  route_config:
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
        %2$s
                      - {match: {prefix: /, headers: [{name: user-agent, present_match: true}]}, route: {cluster: %1$s}}
                      - {match: {prefix: /}, route: {cluster: %1$s}}
                  http_filters:
                  - name: rbac
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
                      rules: {action: ALLOW, policies: {read: {permissions: [{and_rules: {rules: [{header: {name: ":method", string_match: {exact: GET}}}, {url_path: {path: {prefix: /}}}]}}], principals: [{any: true}]}}}
                  - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
        """,
        name,
        others(name));
  }

  private String others(String cluster) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < bed.routes(); i++) {
      text.append(
          String.format(
              Locale.ROOT,
              "              - {match: {path: /other/%d}, route: {cluster: %s}}%n",
              i,
              cluster));
    }
    return text.toString();
  }

  private static String internalCluster(String name) {
    return String.format(
        Locale.ROOT,
        """
          - name: to-%1$s
            load_assignment: {cluster_name: to-%1$s, endpoints: [{lb_endpoints: [{endpoint: {address: {envoy_internal_address: {server_listener_name: %1$s}}}}]}]}
            transport_socket:
              name: internal
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport
                transport_socket: {name: raw, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}
        """,
        name);
  }

  private String backend(String name, int port, String protocol) {
    return String.format(
        Locale.ROOT,
        """
          - name: %1$s
            load_assignment: {cluster_name: %1$s, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: %2$s, port_value: %3$d}}}}]}]}
            circuit_breakers: {thresholds: [{max_connections: 10000, max_pending_requests: 10000, max_requests: 10000, max_retries: 1000}]}
            typed_extension_protocol_options:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                explicit_http_config: {%4$s}
        """,
        name,
        bed.server(),
        port,
        protocol);
  }
}
