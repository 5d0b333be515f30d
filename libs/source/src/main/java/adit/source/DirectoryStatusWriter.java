package adit.source;

import adit.source.object.ObjectKey;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Writes status as merge patches (`<kind>-<namespace>-<name>-<writer>.patch.yaml`) into a
/// directory that a [DirectorySource] reads, and events as lines of `events.jsonl` there.
public final class DirectoryStatusWriter implements StatusWriter {
  private DirectoryStatusWriter() {}

  /// A writer.
  ///
  /// @param directory created if missing; several programs may write to one directory
  /// @param writer name of the program, part of the file names so that no two write one file
  /// @param clock for time stamps
  /// @param warn told of what could not be written
  public static DirectoryStatusWriter open(
      Path directory, String writer, Clock clock, Consumer<String> warn) {
    return new DirectoryStatusWriter();
  }

  @Override
  public void patchPodAnnotations(
      ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public void event(ObjectKey about, EventType type, String reason, String message) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public void close() {}
}
