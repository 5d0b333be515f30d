package adit.ztunnel.app;

import adit.linux.SeqPacketListener;
import adit.linux.SeqPacketSocket;
import adit.protos.zds.SnapshotSent;
import adit.protos.zds.WorkloadRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// A node agent without pods.
final class TrainingAgent implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int LONGEST = 1024;

  private final SeqPacketListener listener;

  TrainingAgent(Path path) throws IOException {
    listener = SeqPacketListener.bind(path, 0600);
  }

  /// Takes the proxy's connection and says that there are no pods. Blocks.
  ///
  /// @return the connection; the caller owns it
  SeqPacketSocket serve() throws IOException {
    SeqPacketSocket socket = listener.accept(PATIENCE);
    try {
      var _ = socket.receive(PATIENCE, LONGEST);
      socket.send(
          PATIENCE,
          WorkloadRequest.newBuilder()
              .setSnapshotSent(SnapshotSent.getDefaultInstance())
              .build()
              .toByteArray());
      var _ = socket.receive(PATIENCE, LONGEST);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  @Override
  public void close() {
    listener.close();
  }
}
