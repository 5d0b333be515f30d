package adit.cli.local.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/// Kubernetes objects as maps, in the order in which people write them.
final class YamlTree {
  private YamlTree() {}

  /// Alternating keys and values; a null value leaves the key out.
  static Map<String, Object> map(@Nullable Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      Object value = pairs[i + 1];
      if (value != null) {
        map.put(String.valueOf(pairs[i]), value);
      }
    }
    return map;
  }

  static String text(Map<String, Object> object) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setWidth(200);
    return new Yaml(options).dump(object);
  }
}
