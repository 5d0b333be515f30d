package adit.cni.agent.install;

import adit.cni.agent.install.NetworkFiles.Outcome;
import adit.cni.plugin.JsonWriter;
import adit.cni.plugin.MeshState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Plugin and network configuration on the node: installs them, and installs them again whenever
/// somebody takes them away, until it is closed. Closing leaves everything in place.
public final class NodeInstallation implements AutoCloseable {
  /// Not every change is announced: a file system may be mounted over the directory.
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

  /// Somebody who writes in several steps is left alone until he has finished.
  private static final Duration SETTLE = Duration.ofMillis(50);

  /// Somebody who never finishes is not waited for longer.
  private static final Duration LONGEST_SETTLE = Duration.ofSeconds(1);

  private static final Duration STRIFE_PERIOD = Duration.ofMinutes(1);
  private static final int STRIFE_WRITES = 5;

  private final InstallConfig config;
  private final InstallListener listener;
  private final LongSupplier nanoTime;
  private final NetworkFiles networks;
  private final Thread thread = Thread.ofPlatform().daemon().name("install").unstarted(this::keep);
  private final ReentrantLock working = new ReentrantLock();
  private final Deque<Long> writes = new ArrayDeque<>();
  private @Nullable Path linked;
  private volatile boolean ended;

  /// @param listener hears of what happens, on the installation's thread
  /// @param nanoTime a clock
  public NodeInstallation(InstallConfig config, InstallListener listener, LongSupplier nanoTime) {
    this.config = config;
    this.listener = listener;
    this.nanoTime = nanoTime;
    this.networks = new NetworkFiles(config);
  }

  /// Starts to install, on a thread of its own. Once.
  public void start() {
    thread.start();
  }

  /// Stops looking and leaves everything in place.
  @Override
  public void close() {
    ended = true;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Stops looking and takes the plugin's entry out of the node's configurations, so that pods
  /// start without the plugin. To be called before [#remove].
  public void unchain() throws IOException {
    close();
    working.lock();
    try {
      networks.remove();
    } finally {
      working.unlock();
    }
  }

  /// Takes the plugin and what it goes by away.
  public void remove() throws IOException {
    unchain();
    PluginFiles.remove(config.plugins().here());
    Files.deleteIfExists(config.stateFile());
  }

  private void keep() {
    try (WatchService changes = FileSystems.getDefault().newWatchService()) {
      while (!ended) {
        Duration pause = look();
        watch(changes);
        await(changes, pause);
      }
    } catch (IOException e) {
      listener.failed("directories are not watched: " + e.getMessage());
    } catch (InterruptedException | ClosedWatchServiceException e) {
      // Closed.
      return;
    } finally {
      if (linked != null) {
        deleteLinked(linked);
      }
    }
  }

  /// Registering again what is registered changes nothing; a directory that was replaced is
  /// another.
  private void watch(WatchService changes) {
    for (Mounted directory : new Mounted[] {config.plugins(), config.networks()}) {
      try {
        var _ =
            directory
                .here()
                .register(
                    changes,
                    StandardWatchEventKinds.ENTRY_CREATE,
                    StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
      } catch (IOException e) {
        // It is gone; the next look says so.
        return;
      }
    }
  }

  private static void await(WatchService changes, Duration pause) throws InterruptedException {
    WatchKey key = changes.poll(pause.toMillis(), TimeUnit.MILLISECONDS);
    long last = System.nanoTime() + LONGEST_SETTLE.toNanos();
    while (key != null) {
      var _ = key.pollEvents();
      key.reset();
      key =
          System.nanoTime() < last ? changes.poll(SETTLE.toMillis(), TimeUnit.MILLISECONDS) : null;
    }
  }

  /// @return how long to wait for a change before the next look
  private Duration look() throws InterruptedException {
    working.lockInterruptibly();
    try {
      if (ended) {
        return Duration.ZERO;
      }
      if (new PluginFiles(dist(), config.plugins()).ensure()) {
        listener.pluginInstalled(config.plugins().onNode().resolve(InstallPlugin.NAME));
      }
      if (!networks.hasEntry()) {
        writeFirstRecord();
      }
      switch (networks.ensure()) {
        case Outcome.InPlace(Path file) -> listener.inPlace(file);
        case Outcome.Written(Path file) -> written(file);
        case Outcome.Waiting(String reason) -> listener.waiting(reason);
      }
      return LOOK_AGAIN;
    } catch (IOException | UncheckedIOException e) {
      listener.failed(String.valueOf(e.getMessage()));
      return LOOK_AGAIN;
    } catch (RuntimeException e) {
      // A mistake of ours must not end the looking: the node's pods would start outside the mesh.
      listener.failed("a mistake of the agent: " + e);
      return LOOK_AGAIN;
    } finally {
      working.unlock();
    }
  }

  /// A plugin without a record lets no pod start, so the record comes first. Where a plugin is
  /// there already, a record that has gone may have named pods: only the agent knows.
  private void writeFirstRecord() throws IOException {
    if (!Files.exists(config.stateFile())) {
      WholeFiles.writeNew(
          config.stateFile(),
          JsonWriter.write(MeshState.unknown().toJson()),
          WholeFiles.mode("rw-r--r--"));
    }
  }

  private void written(Path file) {
    long now = nanoTime.getAsLong();
    writes.add(now);
    while (now - writes.getFirst() > STRIFE_PERIOD.toNanos()) {
      writes.removeFirst();
    }
    listener.chained(file, writes.size() >= STRIFE_WRITES);
    listener.inPlace(file);
  }

  /// Where a linked plugin is; links it when nobody has.
  private Path dist() throws IOException {
    if (Files.isDirectory(config.dist())) {
      return config.dist();
    }
    if (linked == null) {
      Path directory = Files.createTempDirectory("adit-cni-plugin");
      InstallPlugin.install(directory, config.plugins().onNode());
      linked = directory;
    }
    return linked;
  }

  private void deleteLinked(Path directory) {
    try {
      WholeFiles.delete(directory);
    } catch (IOException e) {
      listener.failed("temporary directory not deleted: " + e.getMessage());
    }
  }
}
