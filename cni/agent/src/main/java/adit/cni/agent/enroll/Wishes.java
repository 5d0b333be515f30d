package adit.cni.agent.enroll;

import adit.cni.agent.rules.PodOptions;
import adit.cni.plugin.MeshState;
import adit.source.ClusterView;
import adit.source.object.Namespace;
import adit.source.object.Pod;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What a view of the cluster means for one node. Pure.
///
/// @param members pods of the node that belong to the mesh, by UID
/// @param outsiders the other pods of the node, by UID
/// @param state what the plugin should know while the agent is away
public record Wishes(Map<String, Wish> members, Map<String, Outsider> outsiders, MeshState state) {
  /// The annotation in which the agent says whether a pod is captured.
  public static final String REDIRECTION = "ambient.istio.io/redirection";

  /// The annotation in which whoever runs pods outside Kubernetes says where their namespace is.
  public static final String NETNS = "adit.dev/netns";

  /// Nobody is in the mesh.
  public static final Wishes NONE = new Wishes(Map.of(), Map.of(), MeshState.unknown());

  /// A pod of the node that does not belong to the mesh.
  ///
  /// @param pod the pod; as a wish it has no meaning but for its notes
  /// @param reason why it does not
  /// @param ended whether its processes are gone for good
  public record Outsider(Wish pod, String reason, boolean ended) {}

  /// Keeps the order.
  public Wishes {
    members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    outsiders = Collections.unmodifiableMap(new LinkedHashMap<>(outsiders));
  }

  /// The member with this name, or null.
  ///
  /// @param uid its UID, or empty when that is not known
  @Nullable Wish memberOrNull(String namespace, String name, String uid) {
    return members.values().stream()
        .filter(wish -> is(wish, namespace, name, uid))
        .findFirst()
        .orElse(null);
  }

  /// The outsider with this name, or null.
  ///
  /// @param uid its UID, or empty when that is not known
  @Nullable Outsider outsiderOrNull(String namespace, String name, String uid) {
    return outsiders.values().stream()
        .filter(outsider -> is(outsider.pod(), namespace, name, uid))
        .findFirst()
        .orElse(null);
  }

  private static boolean is(Wish pod, String namespace, String name, String uid) {
    return pod.key().namespace().equals(namespace)
        && pod.key().name().equals(name)
        && (uid.isEmpty()
            || pod.uid().equals(uid)
            || pod.uid().contains("/")
            // The kubelet knows its static pods by a hash, the API server by a UID.
            || uid.matches("[0-9a-f]{32}"));
  }

  /// Reads a view.
  ///
  /// @param node name of the node
  public static Wishes of(ClusterView view, String node, EnrolmentPolicy policy) {
    Map<String, Wish> members = new TreeMap<>();
    Map<String, Outsider> outsiders = new TreeMap<>();
    Set<String> ambientPods = new TreeSet<>();
    Set<String> exemptPods = new TreeSet<>();
    for (Pod pod : view.pods().values()) {
      if (!pod.spec().nodeName().equals(node)) {
        continue;
      }
      String name = pod.meta().namespace() + "/" + pod.meta().name();
      Namespace namespace = view.namespaceOrNull(pod.meta().namespace());
      Decision decision = policy.decide(pod, namespace);
      boolean inherited = namespace != null && policy.isAmbient(namespace);
      switch (decision) {
        case Decision.Enrol(PodOptions options, List<Note> notes) -> {
          List<Note> all = new ArrayList<>(notes);
          all.addAll(MeshPort.notes(pod, options, view.networkPolicies().values()));
          members.put(uid(pod), wish(pod, options, all));
          if (!inherited) {
            ambientPods.add(name);
          }
        }
        case Decision.Leave(String reason, List<Note> notes) -> {
          outsiders.put(
              uid(pod),
              new Outsider(
                  wish(pod, PodOptions.DEFAULT, notes), reason, EnrolmentPolicy.isTerminal(pod)));
          if (inherited) {
            exemptPods.add(name);
          }
        }
      }
    }
    return new Wishes(members, outsiders, state(view, policy, ambientPods, exemptPods));
  }

  /// Pods of hand-written files may have no UID; their name is as good as long as they live.
  static String uid(Pod pod) {
    String uid = pod.meta().uid();
    return uid.isEmpty() ? pod.meta().namespace() + "/" + pod.meta().name() : uid;
  }

  private static Wish wish(Pod pod, PodOptions options, List<Note> notes) {
    return new Wish(
        pod.key(),
        uid(pod),
        pod.spec().serviceAccount(),
        options,
        addresses(pod.status().addresses()),
        pod.meta().annotation(NETNS),
        pod.meta().annotation(REDIRECTION),
        notes);
  }

  private static MeshState state(
      ClusterView view, EnrolmentPolicy policy, Set<String> ambientPods, Set<String> exemptPods) {
    Set<String> namespaces = new TreeSet<>();
    for (Namespace namespace : view.namespaces().values()) {
      if (policy.isAmbient(namespace)) {
        namespaces.add(namespace.meta().name());
      }
    }
    return new MeshState(namespaces, policy.excludedNamespaces(), ambientPods, exemptPods);
  }

  /// Reads addresses, with or without prefix length; what is none is left out, for the pod's status
  /// is not ours to check.
  static List<InetAddress> addresses(List<String> texts) {
    List<InetAddress> addresses = new ArrayList<>();
    for (String text : texts) {
      int slash = text.indexOf('/');
      InetAddress address = addressOrNull(slash < 0 ? text : text.substring(0, slash));
      if (address != null) {
        addresses.add(address);
      }
    }
    return addresses;
  }

  private static @Nullable InetAddress addressOrNull(String text) {
    if (!text.matches("[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]*")) {
      // A name, which must not be looked up.
      return null;
    }
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      return null;
    }
  }
}
