package adit.cni.plugin;

import java.util.Map;

/// The agent's answer to an [AgentRequest].
///
/// @param code 0 when done, otherwise the CNI error code to report
/// @param message what was done, or why not: one line
/// @param details more about a failure, or empty
public record AgentReply(int code, String message, String details) {
  /// The request was carried out.
  public static AgentReply done(String message) {
    return new AgentReply(0, message, "");
  }

  /// The reply as one JSON object.
  public Json.Obj toJson() {
    return new Json.Obj(Map.of())
        .with("code", new Json.Num(Integer.toString(code)))
        .with("message", new Json.Str(message))
        .with("details", new Json.Str(details));
  }

  /// Reads a reply.
  ///
  /// @throws JsonException when it is not one
  public static AgentReply of(Json document) {
    if (!(document instanceof Json.Obj object)
        || !(object.member("code") instanceof Json.Num code)) {
      throw new JsonException(
          "reply: no code (expected: an object with code, message and details)");
    }
    try {
      return new AgentReply(
          Integer.parseInt(code.text()), object.text("message"), object.text("details"));
    } catch (NumberFormatException e) {
      throw new JsonException("code: " + code.text() + " (expected: an integer)");
    }
  }
}
