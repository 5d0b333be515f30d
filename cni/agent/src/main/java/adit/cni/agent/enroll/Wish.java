package adit.cni.agent.enroll;

import adit.cni.agent.rules.PodOptions;
import adit.source.object.ObjectKey;
import java.net.InetAddress;
import java.util.List;

/// A pod of this node that belongs to the mesh.
///
/// @param key its namespace and name
/// @param uid its UID
/// @param serviceAccount its service account
/// @param options how it is captured
/// @param addresses its addresses as its status has them; empty before it runs
/// @param netnsHint annotation `adit.dev/netns`: where its namespace is, when whoever runs the pod
///   says so; or empty
/// @param redirection annotation `ambient.istio.io/redirection` as it stands, or empty
/// @param notes what its owner should read
public record Wish(
    ObjectKey key,
    String uid,
    String serviceAccount,
    PodOptions options,
    List<InetAddress> addresses,
    String netnsHint,
    String redirection,
    List<Note> notes) {
  /// Copies the lists.
  public Wish {
    addresses = List.copyOf(addresses);
    notes = List.copyOf(notes);
  }

  /// The pod as in messages: `namespace/name`.
  public String pod() {
    return key.namespace() + "/" + key.name();
  }
}
