package adit.istiod.l7;

import adit.l7.LogFormat;
import adit.protos.l7.WaypointConfig;
import adit.protos.l7.WaypointConfig.AccessLog;
import adit.source.BadYaml;
import adit.source.ClusterView;
import adit.source.Selection;
import adit.source.YamlDocuments;
import adit.source.object.Configuration;
import adit.source.object.Fields;
import adit.source.object.Finding;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the mesh's settings say to waypoints, about telemetry and external authorizers: key `mesh`
/// of ConfigMap `istio` in the root namespace, YAML of Istio's MeshConfig. Immutable.
///
/// @param log `accessLogFile`, `accessLogFormat`, `accessLogEncoding`
/// @param providers `extensionProviders`, by name
/// @param defaultLogs `defaultProviders.accessLogging`
/// @param defaultTraces `defaultProviders.tracing`
/// @param samplingPercent `defaultConfig.tracing.sampling`, 1 without
record MeshConfig(
    AccessLog log,
    Map<String, Provider> providers,
    List<String> defaultLogs,
    List<String> defaultTraces,
    double samplingPercent) {
  /// The name of the log that needs no extension provider: it looks like the mesh's own.
  private static final String ENVOY = "envoy";

  private static final String GRPC = "envoyExtAuthzGrpc";
  private static final String HTTP = "envoyExtAuthzHttp";
  private static final String INCLUDED = "includeRequestHeadersInCheck";
  private static final String INCLUDED_BEFORE = "includeHeadersInCheck";

  /// A waypoint holds that much of each request that waits for an answer.
  private static final int MOST_BODY = 1 << 20;

  private static final String STDOUT = "/dev/stdout";
  private static final String FILE = "mesh";

  /// Nothing is said.
  static final MeshConfig NONE =
      new MeshConfig(
          AccessLog.getDefaultInstance(),
          Map.of(ENVOY, new Provider.Logs(AccessLog.newBuilder().setEnabled(true).build())),
          List.of(),
          List.of(),
          1);

  MeshConfig {
    providers = Map.copyOf(providers);
    defaultLogs = List.copyOf(defaultLogs);
    defaultTraces = List.copyOf(defaultTraces);
  }

  /// An extension provider.
  sealed interface Provider {
    /// `envoyFileAccessLog`, which is standard output.
    record Logs(AccessLog log) implements Provider {}

    /// `opentelemetry`.
    ///
    /// @param host as it is written: `name.namespace.svc...`, or `namespace/host`
    /// @param httpPath empty: over gRPC
    record Traces(String host, int port, String httpPath) implements Provider {}

    /// `envoyExtAuthzGrpc` or `envoyExtAuthzHttp`.
    ///
    /// @param host as it is written, see [Traces]
    /// @param settings all but name and service
    record Authorizer(String host, WaypointConfig.Provider settings) implements Provider {}

    /// `prometheus`.
    record Prometheus() implements Provider {}

    /// Somebody else's, or one that nobody here can use.
    record Other() implements Provider {}
  }

  /// The settings of a view. What is wrong in them was said when they came.
  ///
  /// @param root the root namespace
  static MeshConfig of(ClusterView view, String root) {
    Configuration object =
        view.configurations(Kind.CONFIG_MAP)
            .get(ObjectKey.of(Kind.CONFIG_MAP, root, Selection.MESH));
    if (object == null) {
      return NONE;
    }
    Reading reading = new Reading(new ObjectReader(Origin.API_SERVER), root, References.ANY);
    return read(object, reading, Fields.spec(object.spec(), new ArrayList<Finding>()));
  }

  /// The settings in a ConfigMap, as far as they can be read.
  ///
  /// @param data of the object, for complaints
  static MeshConfig read(Configuration object, Reading reading, Fields data) {
    JsonNode tree = treeOrMissing(object.spec().asText(""));
    if (!tree.isObject()) {
      if (data.has(FILE)) {
        reading.wrong(data, FILE, "YAML of an object");
      }
      return NONE;
    }
    List<Finding> findings = new ArrayList<>();
    MeshConfig config = new Reader(reading).read(Fields.spec(tree, findings));
    for (Finding finding : findings) {
      data.invalid(
          finding.severity(),
          "mesh: " + finding.field().replaceFirst("^spec\\.?", ""),
          finding.value(),
          finding.expected());
    }
    return config;
  }

  private static JsonNode treeOrMissing(String text) {
    try {
      List<JsonNode> documents = YamlDocuments.parse(text);
      return documents.isEmpty() ? MissingNode.getInstance() : documents.getFirst();
    } catch (BadYaml _) {
      return MissingNode.getInstance();
    }
  }

  /// Puts it into what a waypoint is told.
  void put(References references, WaypointConfig.Builder wire) {
    wire.setAccessLog(log)
        .addAllDefaultLogProviders(defaultLogs)
        .addAllDefaultTraceProviders(defaultTraces)
        .setSamplingPercent(samplingPercent);
    // In order, so that equal settings give equal resources.
    new TreeMap<>(providers)
        .forEach((name, provider) -> {
          switch (provider) {
            case Provider.Logs(var one) -> wire.putLogProviders(name, one);
            case Provider.Traces traces -> {
              String service = serviceOrNull(references, traces.host());
              if (service != null) {
                wire.putTraceProviders(
                    name,
                    WaypointConfig.TraceExport.newBuilder()
                        .setService(service)
                        .setPort(traces.port())
                        .setHttpPath(traces.httpPath())
                        .build());
              }
            }
            case Provider.Authorizer authorizer -> {
              References.Named service = namedOrNull(references, authorizer.host());
              if (service != null && refusalOfAuthorizer(references, name).isEmpty()) {
                wire.addProviders(
                    authorizer.settings().toBuilder().setName(name).setService(service.key()));
              }
            }
            case Provider.Prometheus _, Provider.Other _ -> {}
          }
        });
  }

  /// Why a provider cannot be asked for authorization; empty if it can.
  String refusalOfAuthorizer(References references, String name) {
    if (!(providers.get(name) instanceof Provider.Authorizer authorizer)) {
      return "an envoyExtAuthzGrpc or envoyExtAuthzHttp of the mesh's extensionProviders";
    }
    References.Named service = namedOrNull(references, authorizer.host());
    if (service == null) {
      return "a provider whose service is there: " + authorizer.host() + " is not";
    }
    int port = authorizer.settings().getPort();
    if (port == 0) {
      return "a provider with a port";
    }
    return service.hasPort(port)
        ? ""
        : "a provider whose service has its port: " + authorizer.host() + " has no " + port;
  }

  /// `namespace/hostname` of a host that stands in the settings, null if there is none.
  private static @Nullable String serviceOrNull(References references, String host) {
    References.Named found = namedOrNull(references, host);
    return found == null ? null : found.key();
  }

  private static References.@Nullable Named namedOrNull(References references, String host) {
    int slash = host.indexOf('/');
    List<References.Named> found =
        slash < 0
            ? references.hosts("", host)
            : references.hosts(host.substring(0, slash), host.substring(slash + 1));
    return found.isEmpty() ? null : found.getFirst();
  }

  /// Reads the settings.
  private record Reader(Reading reading) {
    MeshConfig read(Fields mesh) {
      Fields standard = mesh.object("defaultProviders");
      AccessLog.Builder log = log(mesh);
      Map<String, Provider> providers = new LinkedHashMap<>();
      providers.put(ENVOY, new Provider.Logs(log.setEnabled(true).build()));
      mesh.objects("extensionProviders", one -> provider(one, log)).forEach(providers::putAll);
      String file = mesh.text("accessLogFile");
      if (!file.isEmpty() && !file.equals(STDOUT)) {
        reading.unsupported(mesh, "accessLogFile", STDOUT + ", where its lines go now");
      }
      Fields tracing = mesh.object("defaultConfig").object("tracing");
      return new MeshConfig(
          log.setEnabled(!file.isEmpty()).build(),
          providers,
          standard.texts("accessLogging"),
          standard.texts("tracing"),
          tracing.number("sampling", 1, 0, 100));
    }

    private AccessLog.Builder log(Fields mesh) {
      AccessLog.Builder log = AccessLog.newBuilder();
      String format = mesh.text("accessLogFormat");
      switch (mesh.text("accessLogEncoding", "TEXT")) {
        case "TEXT" -> {
          log.setFormat(format);
          known(mesh, "accessLogFormat", format);
        }
        case "JSON" -> {
          log.setEncoding(AccessLog.Encoding.JSON);
          if (!format.isEmpty()) {
            labels(mesh, "accessLogFormat", treeOrMissing(format), log);
          }
        }
        default -> reading.wrong(mesh, "accessLogEncoding", "TEXT or JSON");
      }
      return log;
    }

    private void labels(Fields fields, String name, JsonNode tree, AccessLog.Builder log) {
      if (!tree.isObject()) {
        reading.wrong(fields, name, "an object of JSON");
      }
      tree.properties()
          .forEach(label -> {
            if (label.getValue().isValueNode()) {
              known(fields, name, label.getValue().asText());
              log.putLabels(label.getKey(), label.getValue().asText());
            } else {
              reading.unsupported(fields, name, "an object of texts, without others in it");
            }
          });
    }

    private void known(Fields fields, String name, String format) {
      List<String> unknown = LogFormat.parse(format).unknown();
      if (!unknown.isEmpty()) {
        reading.unsupported(
            fields,
            name,
            "operators that a waypoint has; it prints - for %"
                + String.join("%, %", unknown)
                + "%");
      }
    }

    private Map<String, Provider> provider(Fields provider, AccessLog.Builder mesh) {
      String name = provider.requiredText("name");
      Fields file = provider.object("envoyFileAccessLog");
      Fields traces = provider.object("opentelemetry");
      if (file.present()) {
        return Map.of(name, new Provider.Logs(file(file, mesh)));
      }
      if (traces.present()) {
        return Map.of(
            name,
            new Provider.Traces(
                traces.requiredText("service"),
                traces.port("port", 0),
                traces.has("http") ? traces.object("http").text("path", "/v1/traces") : ""));
      }
      for (String kind : List.of(GRPC, HTTP)) {
        Fields authorizer = provider.object(kind);
        if (authorizer.present()) {
          return Map.of(
              name,
              new Provider.Authorizer(
                  authorizer.requiredText("service"), authorizer(authorizer, kind.equals(GRPC))));
        }
      }
      if (provider.has("prometheus")) {
        return Map.of(name, new Provider.Prometheus());
      }
      return Map.of(name, new Provider.Other());
    }

    private WaypointConfig.Provider authorizer(Fields fields, boolean grpc) {
      WaypointConfig.Provider.Builder wire =
          WaypointConfig.Provider.newBuilder()
              .setGrpc(grpc)
              .setPort(fields.port("port", 0))
              .setFailOpen(fields.flag("failOpen", false))
              .setPathPrefix(fields.text("pathPrefix"))
              .addAllIncludeRequestHeaders(
                  fields.has(INCLUDED) ? fields.texts(INCLUDED) : fields.texts(INCLUDED_BEFORE))
              .putAllAdditionalHeaders(fields.textMap("includeAdditionalHeadersInCheck"))
              .addAllHeadersToUpstream(fields.texts("headersToUpstreamOnAllow"))
              .addAllHeadersToDownstreamOnAllow(fields.texts("headersToDownstreamOnAllow"))
              .addAllHeadersToDownstreamOnDeny(fields.texts("headersToDownstreamOnDeny"));
      if (wire.getPort() == 0) {
        reading.wrong(fields, "port", "1..65535");
      }
      var timeout = reading.durationOrNull(fields, "timeout");
      if (timeout != null) {
        wire.setTimeout(timeout);
      }
      String status = fields.text("statusOnError");
      if (status.matches("[2-5]\\d\\d")) {
        wire.setStatusOnError(Integer.parseInt(status));
      } else if (!status.isEmpty()) {
        reading.wrong(fields, "statusOnError", "a status of HTTP, as text: \"403\"");
      }
      Fields body = fields.object("includeRequestBodyInCheck");
      if (body.present()) {
        wire.setMaxRequestBytes((int) body.integer("maxRequestBytes", 0, 0, MOST_BODY))
            .setAllowPartialBody(body.flag("allowPartialMessage", false))
            .setBodyAsBytes(body.flag("packAsBytes", false));
      }
      return wire.build();
    }

    private AccessLog file(Fields file, AccessLog.Builder mesh) {
      String path = file.text("path", STDOUT);
      if (!path.equals(STDOUT)) {
        reading.unsupported(file, "path", STDOUT + ", where its lines go now");
      }
      Fields format = file.object("logFormat");
      AccessLog.Builder log = AccessLog.newBuilder().setEnabled(true);
      if (format.has("labels")) {
        log.setEncoding(AccessLog.Encoding.JSON);
        labels(format, "labels", format.tree("labels"), log);
      } else if (format.has("text")) {
        log.setFormat(format.text("text"));
        known(format, "text", format.text("text"));
      } else {
        return mesh.clone().setEnabled(true).build();
      }
      return log.build();
    }
  }
}
