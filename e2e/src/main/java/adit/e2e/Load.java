package adit.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/// Requests that go on until they are told to stop.
///
/// @param started done when the first of them is about to be sent
/// @param result when they have ended, by themselves or because they were told to
/// @param stop tells them to
record Load(CompletableFuture<?> started, CompletableFuture<LoopResult> result, Stop stop) {
  /// Tells a program in a pod to end.
  interface Stop {
    void now() throws IOException;
  }

  /// What a loop prints. Written to by the client's threads, read by others.
  static final class Printed extends ByteArrayOutputStream {
    private static final String STARTED = "started\n";
    private final CompletableFuture<Void> started = new CompletableFuture<>();

    CompletableFuture<Void> started() {
      return started;
    }

    @Override
    public synchronized void write(int b) {
      super.write(b);
      look();
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int length) {
      super.write(bytes, from, length);
      look();
    }

    private void look() {
      if (!started.isDone() && toString(StandardCharsets.UTF_8).contains(STARTED)) {
        started.complete(null);
      }
    }
  }
}
