package adit.cli.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/// What `--set` changes in the rendered objects: the few values that installations differ in, under
/// the names that they have in the charts. Everything else is for Helm, with the same charts: a
/// template engine of our own would be a second truth.
final class Settings {
  private static final Pattern PATH = Pattern.compile("/[^ ]*");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][-A-Za-z0-9_./:]*");

  private final Map<String, String> values;

  private record Rule(Pattern form, String expected, BiConsumer<Containers, String> change) {}

  private static final Map<String, Rule> RULES = rules();

  private Settings(Map<String, String> values) {
    this.values = values;
  }

  private static Map<String, Rule> rules() {
    Map<String, Rule> rules = new TreeMap<>();
    rules.put("profile", new Rule(Pattern.compile("ambient"), "ambient", (all, value) -> {}));
    rules.put("hub", new Rule(WORD, "a registry and a path in it", Containers::hub));
    rules.put("tag", new Rule(WORD, "a tag", Containers::tag));
    rules.put(
        "global.imagePullPolicy",
        new Rule(
            Pattern.compile("Always|IfNotPresent|Never"),
            "Always, IfNotPresent or Never",
            Containers::pullPolicy));
    rules.put(
        "istiod.replicaCount",
        new Rule(Pattern.compile("[1-9][0-9]?"), "1 to 99", Containers::replicas));
    rules.put(
        "meshConfig.trustDomain",
        new Rule(
            Pattern.compile("[a-z0-9][-a-z0-9_.]*"),
            "a trust domain",
            (all, value) -> {
              all.environment(Component.ISTIOD, "ADIT_TRUST_DOMAIN", value);
              all.environment(Component.ZTUNNEL, "TRUST_DOMAIN", value);
            }));
    rules.put("cni.cniBinDir", new Rule(PATH, "an absolute path", Containers::plugins));
    rules.put("cni.cniConfDir", new Rule(PATH, "an absolute path", Containers::configuration));
    rules.put(
        "cni.cniNetnsDir",
        new Rule(PATH, "an absolute path", (all, value) -> all.host("cni-netns-dir", value)));
    rules.put(
        "cni.cniConfFileName",
        new Rule(
            Pattern.compile("[^/ ]+"),
            "a file name",
            (all, value) -> all.environment(Component.CNI, "CNI_CONF_NAME", value)));
    rules.put(
        "logLevel",
        new Rule(
            Pattern.compile("[a-z0-9_:,=]+"),
            "levels by scope, as in info,cni:debug",
            (all, value) -> {
              for (Component each : List.of(Component.ISTIOD, Component.CNI, Component.ZTUNNEL)) {
                all.environment(each, "RUST_LOG", value);
              }
            }));
    return rules;
  }

  /// Reads `KEY=VALUE` words over what the platform asks for.
  ///
  /// @throws IllegalArgumentException naming key, value and what was expected
  static Settings of(Platform platform, List<String> words) {
    Map<String, String> values = new LinkedHashMap<>(platform.settings());
    for (String word : words) {
      int equals = word.indexOf('=');
      String key = equals < 0 ? word : word.substring(0, equals);
      String value = equals < 0 ? "" : word.substring(equals + 1);
      Rule rule = RULES.get(key.replaceFirst("^global\\.(hub|tag)$", "$1"));
      if (rule == null) {
        throw new IllegalArgumentException(
            "set: "
                + key
                + " (expected: one of "
                + String.join(", ", RULES.keySet())
                + "; every other value by Helm, with manifests/charts/ambient)");
      }
      if (!rule.form().matcher(value).matches()) {
        throw new IllegalArgumentException(
            key + ": \"" + value + "\" (expected: " + rule.expected() + ")");
      }
      values.put(key.replaceFirst("^global\\.(hub|tag)$", "$1"), value);
    }
    return new Settings(values);
  }

  /// Changes the objects in place.
  void change(List<Map<String, Object>> objects) {
    Containers containers = new Containers(objects);
    values.forEach((key, value) -> {
      Rule rule = RULES.get(key);
      if (rule != null) {
        rule.change().accept(containers, value);
      }
    });
  }
}
