package adit.istiod.testing;

import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// Sample for tests that do not care much.
public final class Sample {
  private Sample() {}

  public static ObjectMeta meta(String namespace, String name) {
    return new ObjectMeta(
        namespace, name, "u-" + name, 0, Map.of(), Map.of(), Instant.EPOCH, null, "", List.of());
  }

  public static Namespace namespace(String name) {
    return new Namespace(meta("", name));
  }
}
