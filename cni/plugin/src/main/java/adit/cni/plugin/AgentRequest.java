package adit.cni.plugin;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What the plugin tells the agent: one JSON object, then the end of the stream. The agent answers
/// with an [AgentReply] and closes. The socket is private to the pair: both are installed together.
///
/// @param command `ADD`, `DEL`, `CHECK` or `GC`
/// @param containerId the sandbox; empty for GC
/// @param netns path of the pod's network namespace as the runtime sees it, or empty
/// @param ifname the interface in the pod
/// @param podNamespace namespace of the pod
/// @param podName name of the pod
/// @param podUid UID of the pod, or empty when the runtime does not send it
/// @param addresses addresses with prefix lengths, such as `10.0.0.5/24`; for GC the container ids
///   that are still valid
public record AgentRequest(
    Command command,
    String containerId,
    String netns,
    String ifname,
    String podNamespace,
    String podName,
    String podUid,
    List<String> addresses) {
  /// Name of the socket in the run directory.
  public static final String SOCKET = "adit-plugin.sock";

  /// Neither side sends more than this many bytes.
  public static final int MAX_BYTES = 1 << 20;

  private static final int MAX_TEXT = 4096;
  private static final int MAX_ADDRESSES = 10_000;

  /// Copies the addresses.
  public AgentRequest {
    addresses = List.copyOf(addresses);
  }

  /// The request as one JSON object.
  public Json.Obj toJson() {
    List<Json> list = new ArrayList<>();
    for (String address : addresses) {
      list.add(new Json.Str(address));
    }
    return new Json.Obj(Map.of())
        .with("command", new Json.Str(command.name()))
        .with("containerId", new Json.Str(containerId))
        .with("netns", new Json.Str(netns))
        .with("ifname", new Json.Str(ifname))
        .with("podNamespace", new Json.Str(podNamespace))
        .with("podName", new Json.Str(podName))
        .with("podUid", new Json.Str(podUid))
        .with("addresses", new Json.Arr(list));
  }

  /// Reads a request.
  ///
  /// @throws JsonException when a member is of a wrong type, too long, or the command is none
  public static AgentRequest of(Json document) {
    if (!(document instanceof Json.Obj object)) {
      throw new JsonException("request: not an object (expected: an object)");
    }
    Command command = Command.parseOrNull(object.text("command"));
    if (command == null || command == Command.VERSION || command == Command.STATUS) {
      throw new JsonException(
          "command: " + shown(object.text("command")) + " (expected: ADD, DEL, CHECK or GC)");
    }
    List<String> addresses = new ArrayList<>();
    for (Json element : object.array("addresses")) {
      if (!(element instanceof Json.Str address) || addresses.size() == MAX_ADDRESSES) {
        throw new JsonException(
            "addresses: not a string, or too many (expected: at most "
                + MAX_ADDRESSES
                + " strings)");
      }
      addresses.add(bounded("addresses", address.value()));
    }
    return new AgentRequest(
        command,
        bounded("containerId", object.text("containerId")),
        bounded("netns", object.text("netns")),
        bounded("ifname", object.text("ifname")),
        bounded("podNamespace", object.text("podNamespace")),
        bounded("podName", object.text("podName")),
        bounded("podUid", object.text("podUid")),
        addresses);
  }

  private static String bounded(String name, String value) {
    if (value.length() > MAX_TEXT) {
      throw new JsonException(
          name + ": " + value.length() + " characters (expected: at most " + MAX_TEXT + ")");
    }
    return value;
  }

  private static String shown(String value) {
    return value.length() > 80 ? value.substring(0, 80) + "..." : value;
  }
}
