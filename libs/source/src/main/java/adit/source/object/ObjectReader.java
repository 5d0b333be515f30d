package adit.source.object;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Makes checked records of JSON. Pure; any thread. One reader serves both sources, so that an
/// object means the same wherever it comes from.
///
/// @param origin where documents come from
/// @param check asked about what somebody else translates
public record ObjectReader(Origin origin, SpecCheck check) {
  private static final Predicate<String> NAME =
      Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?").asMatchPredicate();

  /// A reader that looks at no [Configuration].
  public ObjectReader(Origin origin) {
    this(origin, SpecCheck.NONE);
  }

  /// Where documents come from decides what an unknown field means.
  public enum Origin {
    /// Written by hand and seen by nobody before: as strict as `kubectl apply`.
    FILE,
    /// An API server took it already and may be newer than we are. A policy is used whatever its
    /// values are: without it the mesh would be more open than with what can be understood of it.
    API_SERVER,
    /// An API server asks whether to take it: it may be newer, but values have to be right.
    REVIEW
  }

  /// The outcome.
  ///
  /// @param key null if the document does not even say what it is
  /// @param object null if the document is refused or of a kind that the mesh does not read
  /// @param findings what is wrong
  public record Reading(
      @Nullable ObjectKey key, @Nullable KubeObject object, List<Finding> findings) {
    public Reading {
      findings = List.copyOf(findings);
    }
  }

  /// Severity of a mistake that does not keep us from understanding the object.
  public Problem.Severity mild() {
    return origin == Origin.FILE ? Problem.Severity.ERROR : Problem.Severity.WARNING;
  }

  /// Severity of a value that whoever translates the object leaves out, closing rather than opening
  /// the mesh.
  public Problem.Severity ofValues() {
    return origin == Origin.API_SERVER ? Problem.Severity.WARNING : Problem.Severity.ERROR;
  }

  /// What a document is, without reading all of it; null if it is nothing that the mesh reads.
  public static @Nullable ObjectKey keyOrNull(JsonNode document) {
    Kind kind = kindOrNull(document);
    JsonNode meta = document.path("metadata");
    if (kind == null || !meta.path("name").isTextual()) {
      return null;
    }
    String namespace = meta.path("namespace").asText("");
    return ObjectKey.of(
        kind, namespace.isEmpty() ? "default" : namespace, meta.path("name").textValue());
  }

  private static @Nullable Kind kindOrNull(JsonNode document) {
    String apiVersion = document.path("apiVersion").asText("");
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    return Kind.ofOrNull(group, document.path("kind").asText(""));
  }

  /// Reads one document.
  public Reading read(JsonNode document) {
    List<Finding> findings = new ArrayList<>();
    Fields fields = Fields.root(document, findings);
    if (!document.isObject()) {
      fields.invalid(Problem.Severity.ERROR, "an object with apiVersion, kind and metadata");
      return new Reading(null, null, findings);
    }
    fields.requiredText("apiVersion");
    fields.requiredText("kind");
    Kind kind = kindOrNull(document);
    if (kind == null) {
      if (findings.isEmpty()) {
        fields.invalid(
            Problem.Severity.WARNING, "kind", "a kind that the mesh reads; this one is ignored");
      }
      return new Reading(null, null, findings);
    }
    ObjectMeta meta = meta(fields.object("metadata"), kind);
    KubeObject object = body(kind, meta, fields);
    if (origin == Origin.FILE) {
      fields.ignore("status", "spec").refuseUnknown(Problem.Severity.ERROR);
    }
    boolean refused = findings.stream().anyMatch(f -> f.severity() == Problem.Severity.ERROR);
    return new Reading(
        meta.name().isEmpty() ? null : object.key(), refused ? null : object, findings);
  }

  private KubeObject body(Kind kind, ObjectMeta meta, Fields fields) {
    return switch (kind) {
      case NAMESPACE -> new Namespace(meta);
      case NODE -> CoreReader.node(meta, fields);
      case SERVICE_ACCOUNT -> {
        fields.ignore("automountServiceAccountToken", "secrets", "imagePullSecrets");
        yield new ServiceAccount(meta);
      }
      case POD -> new PodReader(this).pod(meta, fields);
      case DEPLOYMENT -> new PodReader(this).deployment(meta, fields);
      case SERVICE -> new CoreReader(this).service(meta, fields);
      case ENDPOINT_SLICE -> new CoreReader(this).endpointSlice(meta, fields);
      case NETWORK_POLICY -> new NetworkReader(this).networkPolicy(meta, fields);
      case PEER_AUTHENTICATION -> new SecurityReader(this).peerAuthentication(meta, fields);
      case AUTHORIZATION_POLICY -> new SecurityReader(this).authorizationPolicy(meta, fields);
      case SERVICE_ENTRY -> new EntryReader(this).serviceEntry(meta, fields);
      case WORKLOAD_ENTRY -> new EntryReader(this).workloadEntry(meta, fields);
      case GATEWAY -> new GatewayReader(this).gateway(meta, fields);
      case GATEWAY_CLASS -> new GatewayReader(this).gatewayClass(meta, fields);
      case CONFIG_MAP -> {
        fields.ignore("binaryData", "immutable");
        Configuration object = new Configuration(meta, kind, fields.tree("data").path("mesh"));
        check.check(this, object, fields.object("data"));
        yield object;
      }
      case HTTP_ROUTE,
          GRPC_ROUTE,
          TCP_ROUTE,
          TLS_ROUTE,
          VIRTUAL_SERVICE,
          DESTINATION_RULE,
          REQUEST_AUTHENTICATION,
          TELEMETRY,
          RATE_LIMIT -> {
        Configuration object = new Configuration(meta, kind, fields.tree("spec"));
        check.check(this, object, fields.object("spec"));
        yield object;
      }
    };
  }

  private ObjectMeta meta(Fields meta, Kind kind) {
    String name = meta.requiredText("name");
    if (!name.isEmpty() && !NAME.test(name)) {
      meta.invalid(
          Problem.Severity.ERROR, "name", "lower-case letters, digits, '-' and '.', at most 253");
    }
    String namespace = meta.text("namespace");
    if (!namespace.isEmpty() && !NAME.test(namespace)) {
      meta.invalid(Problem.Severity.ERROR, "namespace", "lower-case letters, digits and '-'");
    }
    Instant creation = meta.instantOrNull("creationTimestamp");
    ObjectMeta result =
        new ObjectMeta(
            kind.namespaced() ? (namespace.isEmpty() ? "default" : namespace) : "",
            name,
            meta.text("uid"),
            meta.integer("generation", 0, 0, Long.MAX_VALUE),
            meta.textMap("labels"),
            meta.textMap("annotations"),
            creation == null ? Instant.EPOCH : creation,
            meta.instantOrNull("deletionTimestamp"),
            meta.text("generateName"),
            meta.objects("ownerReferences", ObjectReader::owner));
    if (origin == Origin.FILE) {
      meta.ignore("resourceVersion", "deletionGracePeriodSeconds", "finalizers")
          .ignore("managedFields", "selfLink")
          .refuseUnknown(Problem.Severity.ERROR);
    }
    return result;
  }

  private static ObjectMeta.Owner owner(Fields owner) {
    return new ObjectMeta.Owner(
        owner.text("apiVersion"),
        owner.text("kind"),
        owner.text("name"),
        owner.flag("controller", false));
  }

  /// Reports unknown fields of an object that only hand-written files are held to.
  public void strict(Fields fields) {
    if (origin == Origin.FILE) {
      fields.refuseUnknown(Problem.Severity.ERROR);
    }
  }
}
