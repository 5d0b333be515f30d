package adit.cni.agent.enroll;

import adit.cni.agent.rules.PodOptions;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides by labels. Pure.
///
/// @param excludedNamespaces `EXCLUDE_NAMESPACES`: no pod there is enrolled, whatever its labels
/// @param families `AMBIENT_IPV6`
public record EnrolmentPolicy(Set<String> excludedNamespaces, PodOptions.Families families) {
  static final String MODE_LABEL = "istio.io/dataplane-mode";
  static final String AMBIENT = "ambient";
  static final String NONE = "none";
  private static final String SIDECAR = "sidecar.istio.io/status";
  private static final String BYPASS_INBOUND = "ambient.istio.io/bypass-inbound-capture";
  private static final String DNS_CAPTURE = "ambient.istio.io/dns-capture";
  private static final String VIRTUAL_INTERFACES = "istio.io/reroute-virtual-interfaces";

  /// Copies the set.
  public EnrolmentPolicy {
    excludedNamespaces = Set.copyOf(excludedNamespaces);
  }

  /// Decides about a pod.
  ///
  /// @param namespace its namespace, null when it is not known (it then counts as one without
  ///   labels)
  public Decision decide(Pod pod, @Nullable Namespace namespace) {
    ObjectMeta meta = pod.meta();
    String mode = meta.label(MODE_LABEL);
    boolean namespaceAmbient =
        namespace != null && namespace.meta().label(MODE_LABEL).equals(AMBIENT);
    if (pod.spec().hostNetwork()) {
      return new Decision.Leave("it is in the network of its node, which cannot be captured");
    }
    if (meta.annotations().containsKey(SIDECAR)) {
      return new Decision.Leave("it has a sidecar");
    }
    if (excludedNamespaces.contains(meta.namespace())) {
      return new Decision.Leave("its namespace is excluded");
    }
    if (isTerminal(pod)) {
      return new Decision.Leave("it has ended");
    }
    if (mode.equals(AMBIENT) || (namespaceAmbient && !mode.equals(NONE))) {
      return enrol(meta);
    }
    return new Decision.Leave(
        namespaceAmbient
            ? "its label says none"
            : "neither it nor its namespace is labelled ambient");
  }

  /// Whether every pod of the namespace is in the mesh unless its own label says no.
  boolean isAmbient(Namespace namespace) {
    return namespace.meta().label(MODE_LABEL).equals(AMBIENT)
        && !excludedNamespaces.contains(namespace.meta().name());
  }

  static boolean isTerminal(Pod pod) {
    String phase = pod.status().phase();
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  private Decision enrol(ObjectMeta meta) {
    List<String> notes = new ArrayList<>();
    boolean bypass = flag(meta, BYPASS_INBOUND, notes);
    if (flag(meta, DNS_CAPTURE, notes)) {
      notes.add("annotation " + DNS_CAPTURE + ": DNS is not captured by this version");
    }
    PodOptions.Inbound inbound = bypass ? PodOptions.Inbound.BYPASSED : PodOptions.Inbound.CAPTURED;
    List<String> interfaces =
        Arrays.stream(meta.annotation(VIRTUAL_INTERFACES).split(",", -1))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList();
    try {
      return new Decision.Enrol(new PodOptions(inbound, interfaces, families), notes);
    } catch (IllegalArgumentException e) {
      notes.add("annotation " + VIRTUAL_INTERFACES + ": " + e.getMessage() + "; it is ignored");
      return new Decision.Enrol(new PodOptions(inbound, List.of(), families), notes);
    }
  }

  private static boolean flag(ObjectMeta meta, String annotation, List<String> notes) {
    String value = meta.annotation(annotation);
    if (!value.isEmpty() && !value.equals("true") && !value.equals("false")) {
      notes.add(
          "annotation " + annotation + ": " + value + " (expected: true or false); it is ignored");
    }
    return value.equals("true");
  }
}
