package adit.cni.agent.enroll;

import adit.cni.agent.rules.Exclusions;
import adit.cni.agent.rules.PodOptions;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
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
  private static final String EXCLUDE_INBOUND = "traffic.sidecar.istio.io/excludeInboundPorts";
  private static final String EXCLUDE_OUTBOUND = "traffic.sidecar.istio.io/excludeOutboundPorts";
  private static final String EXCLUDE_RANGES = "traffic.sidecar.istio.io/excludeOutboundIPRanges";
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
    boolean wanted = mode.equals(AMBIENT) || (namespaceAmbient && !mode.equals(NONE));
    if (pod.spec().hostNetwork()) {
      String reason = "it is in the network of its node, which cannot be captured";
      return wanted ? Decision.Leave.against(reason) : new Decision.Leave(reason);
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
    if (wanted) {
      return enrol(pod);
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

  private Decision enrol(Pod pod) {
    ObjectMeta meta = pod.meta();
    List<Note> notes = new ArrayList<>(Note.portsOfTheProxy(pod));
    boolean bypass = flag(meta, BYPASS_INBOUND, notes);
    if (flag(meta, DNS_CAPTURE, notes)) {
      notes.add(Note.annotation(DNS_CAPTURE, "DNS is not captured by this version"));
    }
    PodOptions options =
        new PodOptions(
            bypass ? PodOptions.Inbound.BYPASSED : PodOptions.Inbound.CAPTURED,
            List.of(),
            families,
            new Exclusions(
                read(meta, EXCLUDE_INBOUND, Exclusions::ports, Set.of(), notes),
                read(meta, EXCLUDE_OUTBOUND, Exclusions::ports, Set.of(), notes),
                read(meta, EXCLUDE_RANGES, Exclusions::ranges, List.of(), notes)));
    return new Decision.Enrol(
        read(meta, VIRTUAL_INTERFACES, text -> withInterfaces(options, text), options, notes),
        notes);
  }

  private static PodOptions withInterfaces(PodOptions options, String text) {
    List<String> interfaces =
        Arrays.stream(text.split(",", -1))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList();
    return new PodOptions(options.inbound(), interfaces, options.families(), options.exclusions());
  }

  /// An annotation that cannot be read is ignored, and that is said.
  private static <T> T read(
      ObjectMeta meta,
      String annotation,
      Function<String, T> reader,
      T otherwise,
      List<Note> notes) {
    try {
      return reader.apply(meta.annotation(annotation));
    } catch (IllegalArgumentException e) {
      notes.add(Note.annotation(annotation, e.getMessage() + "; it is ignored"));
      return otherwise;
    }
  }

  private static boolean flag(ObjectMeta meta, String annotation, List<Note> notes) {
    String value = meta.annotation(annotation);
    if (!value.isEmpty() && !value.equals("true") && !value.equals("false")) {
      notes.add(Note.annotation(annotation, value + " (expected: true or false); it is ignored"));
    }
    return value.equals("true");
  }
}
