package adit.source;

import adit.source.object.SpecCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The cluster as directories of YAML: every `*.yaml` and `*.yml` below them, several documents a
/// file, watched. Names that begin with a dot are skipped.
public final class DirectorySource implements ClusterSource {
  private static final Duration QUIET = Duration.ofMillis(50);
  private static final Duration MOST = Duration.ofMillis(500);
  // Catches what no event told: a directory that was not there yet, a full event queue.
  private static final Duration IDLE = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(500);

  private final DirectoryFiles files;
  private final DirectoryObjects objects;
  private final Announcer announcer = new Announcer();
  private final @Nullable DirectoryWatch watch = DirectoryWatch.openOrNull();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  private DirectorySource(List<Path> directories, SpecCheck check) {
    objects = new DirectoryObjects(check);
    files = new DirectoryFiles(directories);
    thread = Thread.ofPlatform().name("source").daemon().unstarted(this::run);
  }

  /// Reads the directories once, before it returns, and then watches them.
  ///
  /// A file that cannot be read, and an object that is wrong, leave the last good version of what
  /// they held in force and become [Problem][adit.source.object.Problem]s of the view. Files named
  /// `*.patch.yaml` are merge patches (RFC 7386) onto the object with the same kind, namespace and
  /// name, and, if the patch has a `metadata.uid`, the same uid. An object that is defined twice
  /// counts as in the first directory and there in the first file by path.
  ///
  /// @param directories in order of precedence; one that does not exist yet is waited for
  public static DirectorySource open(List<Path> directories) {
    return open(directories, SpecCheck.NONE);
  }

  /// The same, with somebody to ask about routes and policies of layer 7.
  ///
  /// @param directories in order of precedence; one that does not exist yet is waited for
  /// @param check asked about what the caller translates himself
  public static DirectorySource open(List<Path> directories, SpecCheck check) {
    DirectorySource source =
        new DirectorySource(
            directories.stream().map(path -> path.toAbsolutePath().normalize()).toList(), check);
    source.scan(Set.of());
    source.thread.start();
    return source;
  }

  @Override
  public ClusterView current() {
    return announcer.current();
  }

  @Override
  public boolean complete() {
    return announcer.complete();
  }

  @Override
  public void subscribe(Consumer<ClusterView> subscriber) {
    announcer.subscribe(subscriber);
  }

  @Override
  public void close() {
    announcer.close();
    closed.countDown();
    if (watch != null) {
      watch.close();
    }
    thread.interrupt();
  }

  private void run() {
    Set<Path> changed = awaitOrNull();
    while (changed != null && closed.getCount() > 0) {
      scan(changed);
      changed = awaitOrNull();
    }
  }

  private @Nullable Set<Path> awaitOrNull() {
    if (watch != null) {
      return watch.awaitOrNull(files.allFound() ? IDLE : POLL, QUIET, MOST);
    }
    try {
      return closed.await(POLL.toMillis(), TimeUnit.MILLISECONDS) ? null : Set.of();
    } catch (InterruptedException e) {
      return null;
    }
  }

  private void scan(Set<Path> changed) {
    var contents = files.scan(changed);
    // What appeared in a new directory before it was watched has told nobody: look again.
    if (watch != null && watch.watch(files.found())) {
      contents = files.scan(changed);
      watch.watch(files.found());
    }
    ClusterView view = objects.updateOrNull(contents);
    if (view != null) {
      announcer.publish(view);
    } else if (!announcer.complete()) {
      announcer.publish(ClusterView.EMPTY);
    }
  }
}
