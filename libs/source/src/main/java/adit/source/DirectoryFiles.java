package adit.source;

import adit.source.object.Finding;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import adit.source.object.Problem;
import adit.source.object.Problem.Severity;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The YAML files below some directories, each with the documents it holds or held when it was last
/// readable. Owned by one thread.
final class DirectoryFiles {
  private static final int DEEPEST = 16;
  private static final long LARGEST_BYTES = 16L << 20;
  private static final ObjectReader READER = new ObjectReader(Origin.FILE);

  private final List<Path> directories;
  private Map<Path, Known> known = new HashMap<>();
  private final Set<Path> seen = new HashSet<>();

  DirectoryFiles(List<Path> directories) {
    this.directories = List.copyOf(directories);
  }

  /// One document that says which object it is about.
  ///
  /// @param key the object
  /// @param file where it is
  /// @param index its place in the file
  /// @param json the document; as text because a tree takes several times the memory
  record Document(ObjectKey key, Path file, int index, String json) {}

  /// A file.
  ///
  /// @param patch whether its documents are merge patches
  /// @param documents what it holds, or held when it was last readable
  /// @param problems what is wrong with the file itself
  record Contents(boolean patch, List<Document> documents, List<Problem> problems) {}

  private record Known(@Nullable Signature signature, Contents contents) {}

  private record Signature(Object time, long bytes, @Nullable Object key) {}

  /// All files, in order of directory and path.
  ///
  /// @param dirty files to read even if they look unchanged
  List<Contents> scan(Set<Path> dirty) {
    seen.clear();
    Map<Path, Known> next = new HashMap<>();
    List<Contents> result = new ArrayList<>();
    for (Path directory : directories) {
      for (Path file : list(directory)) {
        Known contents = next.containsKey(file) ? null : read(file, dirty.contains(file));
        if (contents != null) {
          next.put(file, contents);
          result.add(contents.contents());
        }
      }
    }
    known = next;
    return result;
  }

  /// The directories found by the last scan.
  Set<Path> found() {
    return Set.copyOf(seen);
  }

  /// Whether all directories were there at the last scan.
  boolean allFound() {
    return seen.containsAll(directories);
  }

  private List<Path> list(Path directory) {
    List<Path> files = new ArrayList<>();
    try {
      Files.walkFileTree(
          directory, EnumSet.of(FileVisitOption.FOLLOW_LINKS), DEEPEST, new Collector(files));
    } catch (IOException e) {
      // Gone or not there yet: what could be seen counts, and the next scan looks again.
    }
    files.sort(null);
    return files;
  }

  private final class Collector extends SimpleFileVisitor<Path> {
    private final List<Path> files;

    Collector(List<Path> files) {
      this.files = files;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      // A mounted ConfigMap keeps its files a second time below "..data".
      if (hidden(directory) && !directories.contains(directory)) {
        return FileVisitResult.SKIP_SUBTREE;
      }
      seen.add(directory);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      String name = String.valueOf(file.getFileName());
      if (!hidden(file)
          && (name.endsWith(".yaml") || name.endsWith(".yml"))
          && attributes.isRegularFile()) {
        files.add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      return FileVisitResult.CONTINUE;
    }

    private static boolean hidden(Path path) {
      return String.valueOf(path.getFileName()).startsWith(".");
    }
  }

  private @Nullable Known read(Path file, boolean dirty) {
    Known before = known.get(file);
    List<Document> last = before == null ? List.of() : before.contents().documents();
    boolean patch = String.valueOf(file.getFileName()).matches(".*\\.patch\\.ya?ml");
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      Signature signature =
          new Signature(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
      if (before != null && !dirty && signature.equals(before.signature())) {
        return before;
      }
      if (attributes.size() > LARGEST_BYTES) {
        throw new BadYaml(0, attributes.size() + " bytes, at most " + LARGEST_BYTES);
      }
      Contents contents = parse(file, patch, Files.readString(file), last);
      return new Known(signature, contents);
    } catch (BadYaml e) {
      return new Known(null, new Contents(patch, last, List.of(unreadable(file, e.line(), e))));
    } catch (IOException e) {
      return Files.exists(file)
          ? new Known(null, new Contents(patch, last, List.of(unreadable(file, 0, e))))
          : null;
    }
  }

  private static Problem unreadable(Path file, int line, Exception e) {
    return new Problem(
        Severity.ERROR, file.toString(), line, null, "", describe(e), "a readable YAML file");
  }

  private static String describe(Exception e) {
    return e instanceof BadYaml ? String.valueOf(e.getMessage()) : e.toString();
  }

  private static Contents parse(Path file, boolean patch, String text, List<Document> last)
      throws BadYaml {
    List<JsonNode> nodes = YamlDocuments.parse(text);
    List<Document> documents = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      ObjectKey key = ObjectReader.keyOrNull(nodes.get(i));
      if (key != null) {
        documents.add(new Document(key, file, i, Json.text(nodes.get(i))));
        continue;
      }
      for (Finding finding : READER.read(nodes.get(i)).findings()) {
        int line = YamlDocuments.line(text, i, finding.field());
        problems.add(problem(finding, file, line));
      }
    }
    if (problems.stream().anyMatch(problem -> problem.severity() == Severity.ERROR)) {
      keepMissing(documents, last);
    }
    return new Contents(patch, documents, problems);
  }

  private static Problem problem(Finding finding, Path file, int line) {
    return new Problem(
        finding.severity(),
        file.toString(),
        line,
        null,
        finding.field(),
        finding.value(),
        finding.expected());
  }

  /// A document that does not say what it is may be any of those that the file had before.
  private static void keepMissing(List<Document> documents, List<Document> last) {
    Set<ObjectKey> there = new HashSet<>();
    documents.forEach(document -> there.add(document.key()));
    last.stream().filter(document -> !there.contains(document.key())).forEach(documents::add);
  }
}
