package adit.ztunnel.zds;

import adit.protos.zds.AddWorkload;
import adit.protos.zds.WorkloadRequest;
import adit.ztunnel.view.LocalPod;
import com.google.protobuf.InvalidProtocolBufferException;

/// What the node agent asks for, decoded and checked.
public sealed interface ZdsMessage {
  /// Proxy this pod. Carries the namespace's descriptor.
  record Add(LocalPod pod) implements ZdsMessage {}

  /// The pod is still there; the agent has no descriptor for it any more.
  record Keep(String uid) implements ZdsMessage {}

  record Del(String uid) implements ZdsMessage {}

  /// Whatever was not named since the connection began is gone.
  record SnapshotSent() implements ZdsMessage {}

  /// Understood as a message, wrong in itself. Only this message is refused.
  record Refused(String reason) implements ZdsMessage {}

  /// Not a message: what follows cannot be trusted to be in step, so the connection ends.
  record Garbage(String reason) implements ZdsMessage {}

  static ZdsMessage decode(byte[] packet, boolean truncated, int descriptors) {
    if (truncated) {
      return new Garbage("packet: truncated (expected: at most 1024 bytes and one descriptor)");
    }
    try {
      return of(WorkloadRequest.parseFrom(packet), descriptors);
    } catch (InvalidProtocolBufferException e) {
      return new Garbage("packet: " + packet.length + " bytes (expected: a WorkloadRequest): " + e);
    }
  }

  private static ZdsMessage of(WorkloadRequest request, int descriptors) {
    int wanted = request.hasAdd() ? 1 : 0;
    if (descriptors != wanted) {
      return new Refused(
          "descriptors: "
              + descriptors
              + " (expected: "
              + wanted
              + " with "
              + request.getPayloadCase()
              + ")");
    }
    return switch (request.getPayloadCase()) {
      case ADD -> add(request.getAdd());
      case KEEP -> named(request.getKeep().getUid(), new Keep(request.getKeep().getUid()));
      case DEL -> named(request.getDel().getUid(), new Del(request.getDel().getUid()));
      case SNAPSHOT_SENT -> new SnapshotSent();
      case PAYLOAD_NOT_SET -> new Garbage("payload: none (expected: add, keep, del or snapshot)");
    };
  }

  private static ZdsMessage named(String uid, ZdsMessage message) {
    return uid.isEmpty() ? new Refused("uid: empty (expected: a pod UID)") : message;
  }

  private static ZdsMessage add(AddWorkload add) {
    if (!add.hasWorkloadInfo()) {
      return new Refused("workload_info: none (expected: name, namespace, service account)");
    }
    var about = add.getWorkloadInfo();
    var pod =
        new LocalPod(
            add.getUid(), about.getName(), about.getNamespace(), about.getServiceAccount());
    return named(add.getUid(), new Add(pod));
  }
}
