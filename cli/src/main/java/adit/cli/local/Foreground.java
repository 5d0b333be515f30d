package adit.cli.local;

import adit.cli.local.run.Leftovers;
import adit.cli.local.supervise.Held;
import adit.cli.local.supervise.Options;
import adit.cli.local.supervise.Supervisor;
import adit.source.DirectorySource;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Runs a supervisor until a signal, and removes everything then, also when the signal comes in the
/// middle of the start.
///
/// @param options what the user asked for
/// @param held that this process is the supervisor
/// @param output where its log goes
record Foreground(Options options, Held held, LogOutput output) {
  private static final long LONGEST_START_SECONDS = 60;

  void run() throws IOException, InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    CompletableFuture<Supervisor> starting = new CompletableFuture<>();
    Log log = output.scope("local");
    Thread closing = new Thread(() -> close(starting, ended), "closing");
    Runtime.getRuntime().addShutdownHook(closing);
    try {
      starting.complete(
          Supervisor.start(options, DirectorySource.open(List.of(options.directory())), log));
    } catch (IOException | RuntimeException e) {
      starting.completeExceptionally(e);
      throw e;
    }
    log.info("up", "name", options.instance().name(), "directory", options.directory().toString());
    ended.await();
  }

  private void close(CompletableFuture<Supervisor> starting, CountDownLatch ended) {
    try {
      starting.get(LONGEST_START_SECONDS, TimeUnit.SECONDS).close();
    } catch (ExecutionException | TimeoutException e) {
      remove();
    } catch (IOException e) {
      output.scope("local").error("not everything could be removed", "error", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    output.close();
    ended.countDown();
  }

  private void remove() {
    try {
      Leftovers.remove(options.instance());
      held.close();
    } catch (IOException e) {
      output.scope("local").error("not everything could be removed", "error", e);
    }
  }
}
