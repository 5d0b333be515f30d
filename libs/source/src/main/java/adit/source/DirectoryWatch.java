package adit.source;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Tells when something in a set of directories changed. Writing a file beside and renaming it over
/// the old one is a change of the old name. Owned by one thread, except for `close`.
final class DirectoryWatch implements AutoCloseable {
  private final WatchService service;
  private final Map<Path, WatchKey> keys = new ConcurrentHashMap<>();

  private DirectoryWatch(WatchService service) {
    this.service = service;
  }

  /// A watch, or null if the system has none left (then the caller has to look from time to time).
  static @Nullable DirectoryWatch openOrNull() {
    try {
      return new DirectoryWatch(FileSystems.getDefault().newWatchService());
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }

  /// Watches exactly these directories. Returns whether one was not watched before.
  boolean watch(Set<Path> directories) {
    for (Iterator<Map.Entry<Path, WatchKey>> old = keys.entrySet().iterator(); old.hasNext(); ) {
      Map.Entry<Path, WatchKey> entry = old.next();
      if (!directories.contains(entry.getKey()) || !entry.getValue().isValid()) {
        entry.getValue().cancel();
        old.remove();
      }
    }
    boolean added = false;
    for (Path directory : directories) {
      if (keys.containsKey(directory)) {
        continue;
      }
      try {
        keys.put(
            directory,
            directory.register(
                service,
                StandardWatchEventKinds.ENTRY_CREATE,
                StandardWatchEventKinds.ENTRY_MODIFY,
                StandardWatchEventKinds.ENTRY_DELETE));
        added = true;
      } catch (IOException | ClosedWatchServiceException e) {
        // Gone already: the next scan sees that. Or closed meanwhile: nobody looks any more.
      }
    }
    return added;
  }

  /// Waits for a change, then until nothing changes for `quiet`, but no longer than `most` in all.
  ///
  /// @param idle how long to wait for the first change
  /// @return the paths that changed; empty after `idle`; null when closed
  @Nullable Set<Path> awaitOrNull(Duration idle, Duration quiet, Duration most) {
    Set<Path> changed = new HashSet<>();
    try {
      WatchKey key = service.poll(idle.toMillis(), TimeUnit.MILLISECONDS);
      long end = System.nanoTime() + most.toNanos();
      while (key != null) {
        Path directory = (Path) key.watchable();
        for (WatchEvent<?> event : key.pollEvents()) {
          if (event.context() instanceof Path name) {
            changed.add(directory.resolve(name));
          }
        }
        key.reset();
        long wait = Math.min(quiet.toNanos(), end - System.nanoTime());
        key = wait <= 0 ? null : service.poll(wait, TimeUnit.NANOSECONDS);
      }
      return changed;
    } catch (InterruptedException | ClosedWatchServiceException e) {
      return null;
    }
  }

  @Override
  public void close() {
    try {
      service.close();
    } catch (IOException e) {
      // Nothing is left to be done with it.
    }
  }
}
