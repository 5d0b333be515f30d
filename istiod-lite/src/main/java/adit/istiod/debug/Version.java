package adit.istiod.debug;

/// What tools are told of this program's version. Its number is that of the Istio whose interfaces
/// it has, because tools compare it with theirs.
public final class Version {
  static final String NUMBER = "1.31.0";
  static final String BUILD = "adit";
  static final String STATUS = "Clean";

  private Version() {}

  /// Number, build and status, as `/version` of Istio has them.
  public static String text() {
    return NUMBER + "-" + BUILD + "-" + STATUS;
  }
}
