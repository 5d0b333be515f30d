package adit.cni.agent.enroll;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the agent holds about one pod. All fields but the wish and the two flags at the end belong
/// to the pod's own tasks, of which one runs at a time.
final class MeshPod {
  /// A namespace that the runtime has just made for the pod.
  ///
  /// @param path as the runtime sees it
  /// @param containerId the sandbox
  /// @param addresses the pod's addresses; its status has none yet
  record Offer(String path, String containerId, List<InetAddress> addresses) {
    Offer {
      addresses = List.copyOf(addresses);
    }
  }

  final String uid;
  Stage stage = new Stage.Outside();
  @Nullable Offer offer;

  /// The wish that the stage was reached for; outlives the wish of the view, so that the way out
  /// knows the pod's name.
  @Nullable Wish served;

  List<InetAddress> probed = List.of();
  int attempts;
  boolean listenersSuspect;
  String shown = "";
  List<Note> noted = List.of();

  /// What the newest view wants; null when the pod should not be in the mesh.
  volatile @Nullable Wish wish;

  /// Whether the last check found something that could not be repaired.
  volatile boolean broken;

  /// Whether it is captured, for counting.
  volatile boolean captured;

  /// When it was last checked, by the nano clock.
  volatile long checkedAt;

  /// How many looks in a row the proxy had no certificate for it; written by one thread.
  volatile int identityMisses;

  MeshPod(String uid) {
    this.uid = uid;
  }

  boolean isOutside() {
    return stage instanceof Stage.Outside;
  }
}
