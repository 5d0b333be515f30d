package adit.source;

import adit.source.DirectoryFiles.Contents;
import adit.source.DirectoryFiles.Document;
import adit.source.object.Finding;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import adit.source.object.ObjectReader.Reading;
import adit.source.object.Problem;
import adit.source.object.Problem.Severity;
import adit.source.object.SpecCheck;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes objects of documents: patches applied, each read once per change, the last good version
/// kept when the newest is wrong. Owned by one thread.
final class DirectoryObjects {
  private final ObjectReader reader;
  private Map<ObjectKey, Entry> entries = new HashMap<>();
  private ClusterView view = ClusterView.EMPTY;

  DirectoryObjects(SpecCheck check) {
    reader = new ObjectReader(Origin.FILE, check);
  }

  private record Entry(
      Document base, List<Document> patches, @Nullable KubeObject object, List<Problem> problems) {}

  /// The view of these files, or null if it is the same as before.
  @Nullable ClusterView updateOrNull(List<Contents> files) {
    Map<ObjectKey, List<Document>> patches = new HashMap<>();
    List<Problem> problems = new ArrayList<>();
    for (Contents file : files) {
      problems.addAll(file.problems());
      if (file.patch()) {
        file.documents()
            .forEach(d -> patches.computeIfAbsent(d.key(), key -> new ArrayList<>()).add(d));
      }
    }
    Map<ObjectKey, Entry> next = new HashMap<>();
    for (Contents file : files) {
      for (Document document : file.patch() ? List.<Document>of() : file.documents()) {
        Entry first = next.get(document.key());
        if (first == null) {
          Entry entry = entry(document, patches.getOrDefault(document.key(), List.of()));
          next.put(document.key(), entry);
          problems.addAll(entry.problems());
        } else {
          problems.add(twice(document, first.base()));
        }
      }
    }
    entries = next;
    return publishOrNull(problems);
  }

  private @Nullable ClusterView publishOrNull(List<Problem> problems) {
    Map<Kind, Map<ObjectKey, KubeObject>> objects = new EnumMap<>(Kind.class);
    for (Map.Entry<ObjectKey, Entry> entry : entries.entrySet()) {
      KubeObject object = entry.getValue().object();
      if (object != null) {
        objects
            .computeIfAbsent(entry.getKey().kind(), kind -> new HashMap<>())
            .put(entry.getKey(), object);
      }
    }
    ClusterView next = view.successorOrNull(objects, problems);
    if (next != null) {
      view = next;
    }
    return next;
  }

  private Entry entry(Document base, List<Document> patches) {
    Entry before = entries.get(base.key());
    if (before != null && base.equals(before.base()) && patches.equals(before.patches())) {
      return before;
    }
    Reading reading = reader.read(patched(base, patches));
    List<Problem> problems = new ArrayList<>();
    if (!reading.findings().isEmpty()) {
      String text = textOrEmpty(base);
      for (Finding finding : reading.findings()) {
        problems.add(problem(finding, base, text));
      }
    }
    KubeObject last = before == null ? null : before.object();
    KubeObject object = reading.object();
    if (object == null || object.equals(last)) {
      object = last;
    }
    return new Entry(base, List.copyOf(patches), object, problems);
  }

  private static JsonNode patched(Document base, List<Document> patches) {
    JsonNode object = Json.parse(base.json());
    String uid = object.path("metadata").path("uid").asText("");
    for (Document document : patches) {
      JsonNode patch = Json.parse(document.json());
      String wanted = patch.path("metadata").path("uid").asText("");
      if (wanted.isEmpty() || wanted.equals(uid)) {
        object = Json.merged(object, patch);
      }
    }
    return object;
  }

  private static Problem problem(Finding finding, Document document, String text) {
    return new Problem(
        finding.severity(),
        document.file().toString(),
        YamlDocuments.line(text, document.index(), finding.field()),
        document.key(),
        finding.field(),
        finding.value(),
        finding.expected());
  }

  private static Problem twice(Document document, Document first) {
    return new Problem(
        Severity.ERROR,
        document.file().toString(),
        YamlDocuments.line(textOrEmpty(document), document.index(), "metadata.name"),
        document.key(),
        "metadata.name",
        document.key().name(),
        "defined once; " + first.file() + " has it too and counts");
  }

  /// The file is read again for line numbers only: they are needed rarely and cost memory.
  private static String textOrEmpty(Document document) {
    try {
      return Files.readString(document.file());
    } catch (IOException e) {
      return "";
    }
  }
}
