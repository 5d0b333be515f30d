package adit.source;

import adit.source.object.ObjectKey;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Writes status as merge patches (`<kind>-<namespace>-<name>-<writer>.patch.yaml`) into a
/// directory that a [DirectorySource] reads, and events as lines of `events.jsonl` there.
public final class DirectoryStatusWriter implements StatusWriter {
  private static final long MOST_EVENT_BYTES = 8L << 20;

  private final Path directory;
  private final String writer;
  private final Clock clock;
  private final Consumer<String> warn;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("status-writer").daemon().factory());

  // Both belong to the thread.
  private final Map<Path, JsonNode> written = new HashMap<>();
  private final RecentEvents recent;

  private DirectoryStatusWriter(Path directory, String writer, Clock clock, Consumer<String> warn) {
    this.directory = directory;
    this.writer = writer;
    this.clock = clock;
    this.warn = warn;
    this.recent = new RecentEvents(clock);
  }

  /// A writer.
  ///
  /// @param directory created if missing; several programs may write to one directory
  /// @param writer name of the program, part of the file names so that no two write one file
  /// @param clock for time stamps
  /// @param warn told of what could not be written
  public static DirectoryStatusWriter open(
      Path directory, String writer, Clock clock, Consumer<String> warn) {
    return new DirectoryStatusWriter(directory, writer, clock, warn);
  }

  @Override
  public void patchPodAnnotations(
      ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
    Map<String, @Nullable String> copy = new LinkedHashMap<>(annotations);
    submit(() ->
        patch(
            pod,
            uid,
            patch -> {
              ObjectNode target = patch.withObject("metadata").withObject("annotations");
              copy.forEach(target::put);
            }));
  }

  @Override
  public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
    submit(() ->
        patch(
            about,
            "",
            patch -> putCondition(patch.withObject("status").withArray("conditions"), condition)));
  }

  @Override
  public void removeCondition(ObjectKey about, String fieldManager, String type) {
    submit(() ->
        patch(
            about,
            "",
            patch -> {
              ArrayNode conditions = patch.withObject("status").withArray("conditions");
              conditions.removeIf(condition -> condition.path("type").asText().equals(type));
            }));
  }

  @Override
  public void updateStatus(ObjectKey about, StatusChange change) {
    submit(
        () -> patch(about, "", patch -> change.apply(patch.withObject("status"), clock.instant())));
  }

  @Override
  public void event(ObjectKey about, EventType type, String reason, String message) {
    submit(() -> {
      if (recent.isNew(about + "|" + reason + "|" + message)) {
        append(about, type, reason, message);
      }
    });
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(3, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private void submit(Runnable work) {
    try {
      thread.execute(work);
    } catch (RejectedExecutionException e) {
      warn.accept("status: closed, a late write is dropped");
    }
  }

  private void patch(ObjectKey about, String uid, Consumer<ObjectNode> change) {
    Path file =
        directory.resolve(
            String.join(
                    "-",
                    about.kind().text().toLowerCase(Locale.ROOT),
                    about.namespace(),
                    about.name(),
                    writer)
                + ".patch.yaml");
    JsonNode before = written.computeIfAbsent(file, this::readOrEmpty);
    String lastUid = before.path("metadata").path("uid").asText("");
    boolean successor = !uid.isEmpty() && !lastUid.isEmpty() && !uid.equals(lastUid);
    ObjectNode patch = successor ? Json.object() : before.deepCopy();
    patch.put("apiVersion", about.kind().apiVersion()).put("kind", about.kind().text());
    ObjectNode meta = patch.withObject("metadata").put("name", about.name());
    if (!about.namespace().isEmpty()) {
      meta.put("namespace", about.namespace());
    }
    if (!uid.isEmpty()) {
      meta.put("uid", uid);
    }
    change.accept(patch);
    if (!patch.equals(before)) {
      write(file, patch);
    }
  }

  private JsonNode readOrEmpty(Path file) {
    try {
      return Json.parse(Files.readString(file));
    } catch (IOException e) {
      return Json.object();
    }
  }

  private void write(Path file, ObjectNode patch) {
    Path temporary = directory.resolve("." + file.getFileName() + ".tmp");
    try {
      Files.createDirectories(directory);
      // JSON is YAML too.
      Files.writeString(temporary, Json.pretty(patch));
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      written.put(file, patch);
    } catch (IOException e) {
      warn.accept("status: " + file + " (expected: a writable file): " + e);
    }
  }

  private void putCondition(ArrayNode conditions, Condition condition) {
    ObjectNode next =
        Json.object()
            .put("type", condition.type())
            .put("status", condition.status() ? "True" : "False")
            .put("reason", condition.reason())
            .put("message", condition.message())
            .put("observedGeneration", condition.observedGeneration());
    for (int i = 0; i < conditions.size(); i++) {
      ObjectNode old = conditions.get(i).deepCopy();
      if (old.path("type").asText().equals(condition.type())) {
        JsonNode since = old.remove("lastTransitionTime");
        if (!old.equals(next)) {
          since = null;
        }
        conditions.set(i, since == null ? stamped(next) : next.set("lastTransitionTime", since));
        return;
      }
    }
    conditions.add(stamped(next));
  }

  private ObjectNode stamped(ObjectNode condition) {
    return condition.put(
        "lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private void append(ObjectKey about, EventType type, String reason, String message) {
    ObjectNode line =
        Json.object()
            .put("time", clock.instant().toString())
            .put("type", type.text())
            .put("reason", reason)
            .put("kind", about.kind().text())
            .put("namespace", about.namespace())
            .put("name", about.name())
            .put("message", message)
            .put("reporter", writer);
    Path file = directory.resolve("events.jsonl");
    try {
      Files.createDirectories(directory);
      if (Files.exists(file) && Files.size(file) > MOST_EVENT_BYTES) {
        Files.move(
            file, directory.resolve("events.old.jsonl"), StandardCopyOption.REPLACE_EXISTING);
      }
      Files.writeString(
          file, Json.text(line) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      warn.accept("status: " + file + " (expected: a writable file): " + e);
    }
  }
}
