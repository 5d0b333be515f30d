package adit.cni.plugin;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What the agent last knew about who is in the mesh. The agent keeps it in a file; the plugin
/// reads the file while the agent is away, so that pods outside the mesh still start and pods of
/// the mesh do not start uncaptured.
///
/// @param ambientNamespaces namespaces whose pods are in the mesh unless they opt out
/// @param excludedNamespaces namespaces whose pods are never in the mesh
/// @param ambientPods pods, as `namespace/name`, that are in the mesh by their own label
/// @param exemptPods pods, as `namespace/name`, of ambient namespaces that are not in the mesh
public record MeshState(
    Set<String> ambientNamespaces,
    Set<String> excludedNamespaces,
    Set<String> ambientPods,
    Set<String> exemptPods) {
  /// Name of the file when it is in the run directory.
  public static final String FILE = "enrolled-namespaces.json";

  private static final int MAX_BYTES = 8 << 20;

  /// Copies the sets.
  public MeshState {
    ambientNamespaces = Set.copyOf(ambientNamespaces);
    excludedNamespaces = Set.copyOf(excludedNamespaces);
    ambientPods = Set.copyOf(ambientPods);
    exemptPods = Set.copyOf(exemptPods);
  }

  /// Nobody is known to be in the mesh.
  public static MeshState unknown() {
    return new MeshState(Set.of(), Set.of(), Set.of(), Set.of());
  }

  /// Reads the file.
  ///
  /// @throws NoSuchFileException when there is none
  /// @throws IOException when it cannot be read or is not whole; names file and expectation
  public static MeshState read(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(file + ": " + e + " (expected: a file that can be read)", e);
    }
    if (bytes.length > MAX_BYTES) {
      throw new IOException(file + ": more than " + MAX_BYTES + " bytes (expected: at most that)");
    }
    try {
      if (!(JsonReader.read(bytes) instanceof Json.Obj object)) {
        throw new JsonException("not an object (expected: an object)");
      }
      return new MeshState(
          texts(object, "ambientNamespaces"),
          texts(object, "excludedNamespaces"),
          texts(object, "ambientPods"),
          texts(object, "exemptPods"));
    } catch (JsonException e) {
      throw new IOException(
          file + ": " + e.getMessage() + " (expected: the record as the agent writes it, whole)",
          e);
    }
  }

  /// The content of the file.
  public Json.Obj toJson() {
    return new Json.Obj(Map.of())
        .with("ambientNamespaces", array(ambientNamespaces))
        .with("excludedNamespaces", array(excludedNamespaces))
        .with("ambientPods", array(ambientPods))
        .with("exemptPods", array(exemptPods));
  }

  /// Whether the pod is known to belong to the mesh.
  public boolean inMesh(String namespace, String pod) {
    String key = namespace + "/" + pod;
    if (excludedNamespaces.contains(namespace) || exemptPods.contains(key)) {
      return false;
    }
    return ambientNamespaces.contains(namespace) || ambientPods.contains(key);
  }

  private static Set<String> texts(Json.Obj object, String name) {
    Set<String> texts = new TreeSet<>();
    if (object.member(name) == null) {
      throw new JsonException(name + ": absent (expected: an array)");
    }
    for (Json element : object.array(name)) {
      if (!(element instanceof Json.Str text)) {
        throw new JsonException(name + ": " + JsonWriter.write(element) + " (expected: strings)");
      }
      texts.add(text.value());
    }
    return texts;
  }

  private static Json array(Set<String> texts) {
    List<Json> elements = new ArrayList<>();
    for (String text : new TreeSet<>(texts)) {
      elements.add(new Json.Str(text));
    }
    return new Json.Arr(elements);
  }
}
