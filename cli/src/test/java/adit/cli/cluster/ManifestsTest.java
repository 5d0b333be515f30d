package adit.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import adit.source.Selection;
import adit.source.object.Kind;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

class ManifestsTest {
  private static final Path TOP = top();
  private static final Path CHARTS = TOP.resolve("manifests/charts");

  @Test
  void renderedFile_namesTheChartsAsTheyAre() throws Exception {
    List<String> rendered = Files.readAllLines(TOP.resolve("manifests/adit.yaml"));

    assertThat(rendered.get(1))
        .as("./adit manifests was forgotten")
        .isEqualTo("# charts: " + digest());
  }

  @Test
  void renderedFile_isWhatHelmMakesOfTheCharts(@TempDir Path directory) throws Exception {
    String helm = System.getenv().getOrDefault("ADIT_HELM", "helm");
    assumeTrue(onPath(helm), "no helm on PATH or in ADIT_HELM");
    Path fresh = directory.resolve("adit.yaml");
    Process render =
        new ProcessBuilder(TOP.resolve("adit").toString(), "manifests", fresh.toString())
            .inheritIO()
            .start();

    assertThat(render.waitFor()).isZero();
    assertThat(fresh).hasSameTextualContentAs(TOP.resolve("manifests/adit.yaml"));
  }

  @Test
  void values_everyParagraphStartsWithAComment() throws IOException {
    for (Path chart : children(CHARTS)) {
      String before = "";
      for (String line : Files.readAllLines(chart.resolve("values.yaml"))) {
        boolean startsParagraph = before.isBlank() && !line.isBlank();
        // The two maps whose fields have comments of their own.
        boolean map = line.matches("(global|meshConfig|ambient|multiCluster):");
        assertThat(startsParagraph && !map && !line.strip().startsWith("#"))
            .as(chart.getFileName() + "/values.yaml: \"" + line + "\" has no comment")
            .isFalse();
        before = line;
      }
    }
  }

  @Test
  void definitions_areThoseOfTheKindsThatAreRead() throws IOException {
    Set<String> wanted = new HashSet<>();
    for (Kind kind : Kind.values()) {
      if (kind.group().endsWith(".istio.io") || kind.group().equals("adit.io")) {
        wanted.add(kind.plural() + "." + kind.group() + "/" + kind.version());
      }
    }
    Set<String> defined = new HashSet<>();
    for (Path file : children(CHARTS.resolve("base/crds"))) {
      Map<String, Object> definition = documents(file).getFirst();
      Object name = value(map(definition, "metadata"), "name");
      for (Object version : list(map(definition, "spec"), "versions")) {
        Map<?, ?> fields = (Map<?, ?>) version;
        if (Boolean.TRUE.equals(fields.get("storage"))) {
          assertThat(fields.get("served")).isEqualTo(true);
          defined.add(name + "/" + fields.get("name"));
        }
      }
    }
    assertThat(defined).isEqualTo(wanted);
  }

  @Test
  void controlPlanesRole_letsItWatchWhatItReadsAndNothingElse() throws IOException {
    assertThat(watched("istiod-clusterrole-istio-system"))
        // Its own: the copies of the roots, the validator, and what it makes for waypoints.
        .isEqualTo(
            with(
                Selection.CONTROL_PLANE.kinds(),
                "/configmaps",
                "/serviceaccounts",
                "apps/deployments",
                "admissionregistration.k8s.io/validatingwebhookconfigurations"));
  }

  @Test
  void nodeAgentsRole_letsItWatchWhatItReadsAndNothingElse() throws IOException {
    assertThat(watched("istio-cni")).isEqualTo(with(Selection.ofNode("node-1").kinds()));
    assertThat(rules("ClusterRole", "istio-cni").toString()).doesNotContain("nodes");
  }

  private static Set<String> with(Set<Kind> kinds, String... others) {
    Set<String> all = new HashSet<>(List.of(others));
    kinds.forEach(kind -> all.add(kind.group() + "/" + kind.plural()));
    return all;
  }

  /// What a role lets one get, list and watch, as `group/plural`.
  private static Set<String> watched(String role) throws IOException {
    Set<String> watched = new HashSet<>();
    for (Map<?, ?> rule : rules("ClusterRole", role)) {
      if (list(rule, "verbs").containsAll(List.of("get", "list", "watch"))) {
        for (Object group : list(rule, "apiGroups")) {
          list(rule, "resources").forEach(plural -> watched.add(group + "/" + plural));
        }
      }
    }
    return watched;
  }

  @Test
  void roles_grantNoWildcardAndNoSecretOfOthers() throws IOException {
    for (Map<String, Object> document : documents(TOP.resolve("manifests/adit.yaml"))) {
      if (!value(document, "kind").toString().endsWith("Role")) {
        continue;
      }
      for (Object rule : list(document, "rules")) {
        assertThat(rule.toString()).doesNotContain("*");
        boolean everywhere = value(document, "kind").equals("ClusterRole");
        assertThat(everywhere && list((Map<?, ?>) rule, "resources").contains("secrets")).isFalse();
      }
    }
  }

  @Test
  void pods_areReadOnlyAndDropWhatTheyDoNotAdd() throws IOException {
    int seen = 0;
    for (Map<String, Object> document : documents(TOP.resolve("manifests/adit.yaml"))) {
      if (!Set.of("Deployment", "DaemonSet").contains(value(document, "kind"))) {
        continue;
      }
      Map<?, ?> pod = map(map(map(document, "spec"), "template"), "spec");
      assertThat(pod.get("priorityClassName")).asString().startsWith("system-");
      // Only the node agent is on the node's network: it repairs what other pods' networks need.
      boolean agent = value(map(document, "metadata"), "name").equals("istio-cni-node");
      assertThat(pod.containsKey("hostNetwork")).isEqualTo(agent);
      assertThat(pod.containsKey("hostPID")).isFalse();
      for (Object container : list(pod, "containers")) {
        Map<?, ?> security = map((Map<?, ?>) container, "securityContext");
        assertThat(security.get("readOnlyRootFilesystem")).isEqualTo(true);
        assertThat(list(map(security, "capabilities"), "drop").toString()).isEqualTo("[ALL]");
        seen++;
      }
    }
    assertThat(seen).isEqualTo(3);
  }

  private static List<Map<?, ?>> rules(String kind, String name) throws IOException {
    List<Map<?, ?>> rules = new ArrayList<>();
    for (Map<String, Object> document : documents(TOP.resolve("manifests/adit.yaml"))) {
      if (kind.equals(document.get("kind")) && name.equals(map(document, "metadata").get("name"))) {
        list(document, "rules").forEach(rule -> rules.add((Map<?, ?>) rule));
      }
    }
    assertThat(rules).isNotEmpty();
    return rules;
  }

  /// As the script counts: a line with hash and name for each file, hashed.
  private static String digest() throws Exception {
    List<String> names = new ArrayList<>();
    try (Stream<Path> files = Files.walk(CHARTS)) {
      files
          .filter(file -> Files.isRegularFile(file, java.nio.file.LinkOption.NOFOLLOW_LINKS))
          .forEach(file -> names.add("./" + CHARTS.relativize(file)));
    }
    names.sort(null);
    StringBuilder lines = new StringBuilder();
    for (String name : names) {
      lines
          .append(hash(Files.readAllBytes(CHARTS.resolve(name))))
          .append("  ")
          .append(name)
          .append('\n');
    }
    return hash(lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String hash(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static boolean onPath(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory).resolve(program)));
  }

  private static List<Path> children(Path directory) throws IOException {
    try (Stream<Path> children = Files.list(directory)) {
      return children.sorted().toList();
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> documents(Path file) throws IOException {
    List<Map<String, Object>> documents = new ArrayList<>();
    for (Object document : new Yaml().loadAll(Files.readString(file))) {
      documents.add((Map<String, Object>) document);
    }
    return documents;
  }

  private static Map<?, ?> map(Map<?, ?> in, String field) {
    return (Map<?, ?>) value(in, field);
  }

  private static Object value(Map<?, ?> in, String field) {
    return java.util.Objects.requireNonNull(in.get(field), field);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(Map<?, ?> in, String field) {
    return (List<Object>) value(in, field);
  }

  private static Path top() {
    Path directory = Path.of("").toAbsolutePath();
    while (directory != null && !Files.exists(directory.resolve("adit"))) {
      directory = directory.getParent();
    }
    return java.util.Objects.requireNonNull(directory, "the tree's top");
  }
}
