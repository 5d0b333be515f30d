package adit.cni.plugin;

import java.util.Map;

/// An operation that failed, as the CNI specification wants it reported (section "Error").
public final class CniException extends Exception {
  /// The `cniVersion` of the configuration is not one that this plugin speaks, or is too old for
  /// the command.
  public static final int INCOMPATIBLE_VERSION = 1;

  /// A required environment variable is missing or malformed.
  public static final int INVALID_ENVIRONMENT = 4;

  /// Reading or writing failed.
  public static final int IO_FAILURE = 5;

  /// Standard input is not JSON.
  public static final int UNDECODABLE_CONTENT = 6;

  /// The configuration is JSON, but not a valid configuration.
  public static final int INVALID_CONFIGURATION = 7;

  /// The condition is transient: the runtime should try again.
  public static final int TRY_AGAIN_LATER = 11;

  /// Ours: the agent refused or failed to enrol the pod.
  public static final int AGENT_REFUSED = 100;

  private static final long serialVersionUID = 1L;

  private final int code;
  private final String details;

  /// @param code a code of the specification, or one from 100 on
  /// @param message one line for the operator
  /// @param details more, or an empty string
  public CniException(int code, String message, String details) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /// The numeric error code.
  public int code() {
    return code;
  }

  /// The error object that goes to standard output.
  ///
  /// @param cniVersion the version that the caller spoke
  public Json.Obj toJson(String cniVersion) {
    String message = getMessage();
    return new Json.Obj(Map.of())
        .with("cniVersion", new Json.Str(cniVersion))
        .with("code", new Json.Num(Integer.toString(code)))
        .with("msg", new Json.Str(message == null ? "" : message))
        .with("details", new Json.Str(details));
  }
}
