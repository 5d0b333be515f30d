package adit.ztunnel.admin;

import adit.identity.CertificateChain;
import adit.identity.CertificateState;
import adit.identity.Pem;
import adit.model.MeshView;
import adit.model.NamespacedHostname;
import adit.model.Policy;
import adit.model.Service;
import adit.model.Workload;
import adit.ztunnel.table.Tracked;
import adit.ztunnel.view.LocalPod;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// The state of the process as the reference's `/config_dump` tells it, so that `istioctl
/// ztunnel-config` can read it.
///
/// @param pods by pod UID
/// @param config the configuration, as JSON
/// @param version as JSON
public record ConfigDump(
    Supplier<MeshView> mesh,
    Supplier<List<CertificateState>> certificates,
    Supplier<Map<String, PodState>> pods,
    ObjectNode config,
    ObjectNode version) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /// One pod of this node.
  ///
  /// @param up whether its listeners are open; else it waits for another try
  public record PodState(LocalPod pod, boolean up, List<Tracked.Row> connections) {}

  /// The whole document, pretty printed.
  public String text() throws JacksonException {
    return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(json());
  }

  ObjectNode json() {
    MeshView view = mesh.get();
    ObjectNode out = JSON.objectNode();
    ArrayNode workloads = out.putArray("workloads");
    view.workloads().stream()
        .sorted(Comparator.comparing(Workload::uid))
        .forEach(workload -> workloads.add(ModelJson.workload(workload)));
    ArrayNode services = out.putArray("services");
    view.services().stream()
        .sorted(Comparator.comparing(Service::hostname).thenComparing(Service::namespace))
        .forEach(service -> services.add(ModelJson.service(service, view.endpoints(service))));
    ArrayNode policies = out.putArray("policies");
    view.policies().stream()
        .sorted(Comparator.comparing(Policy::key))
        .forEach(policy -> policies.add(ModelJson.policy(policy)));
    ObjectNode staged = out.putObject("stagedServices");
    view.servicesWithStagedEndpoints().stream()
        .sorted(Comparator.comparing(NamespacedHostname::toString))
        .forEach(key -> staged.set(key.toString(), ModelJson.endpoints(view.stagedEndpoints(key))));
    ObjectNode fixed = out.putObject("staticConfig");
    fixed.putArray("workloads");
    fixed.putArray("policies");
    fixed.putArray("services");
    out.set("version", version);
    out.set("config", config);
    ArrayNode held = out.putArray("certificates");
    certificates.get().forEach(state -> held.add(certificate(state)));
    ObjectNode states = out.putObject("workloadState");
    pods.get().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> states.set(entry.getKey(), pod(entry.getValue())));
    return out;
  }

  private static ObjectNode certificate(CertificateState state) {
    ObjectNode out = JSON.objectNode();
    out.put("identity", state.identity().toString());
    out.put("state", state.state());
    ArrayNode chain = out.putArray("certChain");
    ArrayNode roots = out.putArray("rootCerts");
    CertificateChain current = state.current();
    if (current != null) {
      current.presented().forEach(one -> chain.add(certificate(one)));
      current.roots().forEach(one -> roots.add(certificate(one)));
    }
    return out;
  }

  private static ObjectNode certificate(X509Certificate certificate) {
    byte[] pem = Pem.encode(certificate).getBytes(StandardCharsets.UTF_8);
    return JSON.objectNode()
        .put("pem", Base64.getEncoder().encodeToString(pem))
        .put("serialNumber", certificate.getSerialNumber().toString())
        .put("validFrom", seconds(certificate.getNotBefore().toInstant()))
        .put("expirationTime", seconds(certificate.getNotAfter().toInstant()));
  }

  private static String seconds(Instant time) {
    return DateTimeFormatter.ISO_INSTANT.format(time.truncatedTo(ChronoUnit.SECONDS));
  }

  private static ObjectNode pod(PodState state) {
    ObjectNode out = JSON.objectNode();
    out.put("state", state.up() ? "Up" : "Pending");
    out.putObject("info")
        .put("name", state.pod().name())
        .put("namespace", state.pod().namespace())
        .put("serviceAccount", state.pod().serviceAccount());
    if (state.up()) {
      ObjectNode connections = out.putObject("connections");
      ArrayNode inbound = connections.putArray("inbound");
      ArrayNode outbound = connections.putArray("outbound");
      state.connections().forEach(row -> (row.inbound() ? inbound : outbound).add(row(row)));
    }
    return out;
  }

  private static ObjectNode row(Tracked.Row row) {
    return JSON.objectNode()
        .put("src", NetUtil.toSocketAddressString(row.source()))
        .put("originalDst", row.originalDestination())
        .put("actualDst", NetUtil.toSocketAddressString(row.actualDestination()))
        .put("protocol", row.protocol().name());
  }
}
