package adit.cni.agent.zds;

import adit.protos.zds.AddWorkload;
import adit.protos.zds.DelWorkload;
import adit.protos.zds.KeepWorkload;
import adit.protos.zds.SnapshotSent;
import adit.protos.zds.Version;
import adit.protos.zds.WorkloadInfo;
import adit.protos.zds.WorkloadRequest;
import adit.protos.zds.WorkloadResponse;
import adit.protos.zds.ZdsHello;
import com.google.protobuf.InvalidProtocolBufferException;
import org.jspecify.annotations.Nullable;

/// The messages as bytes.
final class ZdsMessages {
  /// Neither side takes a longer packet.
  static final int MAX_BYTES = 1024;

  private ZdsMessages() {}

  /// What is wrong with a hello, or null when it is right.
  static @Nullable String helloProblemOrNull(byte[] packet) {
    try {
      Version version = ZdsHello.parseFrom(packet).getVersion();
      return version == Version.V1 ? null : "hello: version " + version + " (expected: V1)";
    } catch (InvalidProtocolBufferException e) {
      return "hello: " + e.getMessage();
    }
  }

  /// The answer in a packet, or null when it is none.
  static @Nullable Answer answerOrNull(byte[] packet) {
    try {
      WorkloadResponse response = WorkloadResponse.parseFrom(packet);
      if (!response.hasAck()) {
        return null;
      }
      String error = response.getAck().getError();
      return error.isEmpty() ? new Answer.Accepted() : new Answer.Refused(error);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  static byte[] add(ZdsPod pod) {
    WorkloadInfo info =
        WorkloadInfo.newBuilder()
            .setName(pod.name())
            .setNamespace(pod.namespace())
            .setServiceAccount(pod.serviceAccount())
            .build();
    return WorkloadRequest.newBuilder()
        .setAdd(AddWorkload.newBuilder().setUid(pod.uid()).setWorkloadInfo(info))
        .build()
        .toByteArray();
  }

  static byte[] keep(String uid) {
    return WorkloadRequest.newBuilder()
        .setKeep(KeepWorkload.newBuilder().setUid(uid))
        .build()
        .toByteArray();
  }

  static byte[] del(String uid) {
    return WorkloadRequest.newBuilder()
        .setDel(DelWorkload.newBuilder().setUid(uid))
        .build()
        .toByteArray();
  }

  static byte[] snapshotSent() {
    return WorkloadRequest.newBuilder()
        .setSnapshotSent(SnapshotSent.getDefaultInstance())
        .build()
        .toByteArray();
  }
}
