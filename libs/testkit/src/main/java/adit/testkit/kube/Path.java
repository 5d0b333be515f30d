package adit.testkit.kube;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a request's path names.
///
/// @param namespace empty for a whole cluster
/// @param name null: all
/// @param subresource empty for the object itself
record Path(
    String apiVersion, String plural, String namespace, @Nullable String name, String subresource) {
  static @Nullable Path parseOrNull(String text) {
    List<String> parts =
        Arrays.stream(text.split("/", -1)).filter(part -> !part.isEmpty()).toList();
    if (parts.size() < 3) {
      return null;
    }
    boolean core = parts.getFirst().equals("api");
    if (!core && (parts.size() < 4 || !parts.getFirst().equals("apis"))) {
      return null;
    }
    String version = core ? parts.get(1) : parts.get(1) + "/" + parts.get(2);
    List<String> rest = parts.subList(core ? 2 : 3, parts.size());
    boolean namespaced = rest.getFirst().equals("namespaces") && rest.size() > 2;
    List<String> named = namespaced ? rest.subList(2, rest.size()) : rest;
    return new Path(
        version,
        named.getFirst(),
        namespaced ? rest.get(1) : "",
        named.size() > 1 ? named.get(1) : null,
        named.size() > 2 ? named.get(2) : "");
  }

  String key() {
    return Collection.key(namespace, name == null ? "" : name);
  }
}
