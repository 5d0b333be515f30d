package adit.cni.plugin;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The versions of the CNI specification that the plugin speaks. The forms of a result are the same
/// in all of them.
public final class Versions {
  /// Oldest first.
  public static final List<String> SUPPORTED = List.of("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

  /// What libcni assumes when a configuration names no version.
  static final String UNNAMED = "0.1.0";

  private Versions() {}

  /// Refuses a version that is not spoken, or one that is older than the command.
  ///
  /// @throws CniException with code 1
  static void require(Command command, String version) throws CniException {
    int index = SUPPORTED.indexOf(version);
    if (index < 0) {
      throw new CniException(
          CniException.INCOMPATIBLE_VERSION,
          "cniVersion: " + version + " (expected: one of " + SUPPORTED + ")",
          "");
    }
    String first = first(command);
    if (index < SUPPORTED.indexOf(first)) {
      throw new CniException(
          CniException.INCOMPATIBLE_VERSION,
          "cniVersion: "
              + version
              + " does not know "
              + command
              + " (expected: "
              + first
              + " or newer)",
          "");
    }
  }

  /// The answer to VERSION.
  static Json.Obj answer(String cniVersion) {
    List<Json> names = new ArrayList<>();
    for (String name : SUPPORTED) {
      names.add(new Json.Str(name));
    }
    return new Json.Obj(Map.of())
        .with("cniVersion", new Json.Str(cniVersion))
        .with("supportedVersions", new Json.Arr(names));
  }

  private static String first(Command command) {
    return switch (command) {
      case ADD, DEL, VERSION -> "0.3.0";
      case CHECK -> "0.4.0";
      case STATUS, GC -> "1.1.0";
    };
  }
}
