package adit.cni.plugin;

import java.util.HashMap;
import java.util.Map;

/// What the runtime says in the environment (CNI specification, section "Parameters").
///
/// @param command the operation
/// @param containerId the sandbox; empty when the command needs none
/// @param netns path of the pod's network namespace; empty when the command needs none, or for a
///   DEL of a pod that is gone
/// @param ifname the interface in the pod; empty when the command needs none
/// @param podNamespace from `CNI_ARGS`; empty when the runtime is not Kubernetes'
/// @param podName from `CNI_ARGS`, or empty
/// @param podUid from `CNI_ARGS`, or empty (older runtimes do not send it)
public record Invocation(
    Command command,
    String containerId,
    String netns,
    String ifname,
    String podNamespace,
    String podName,
    String podUid) {
  private static final int MAX_VALUE = 4096;
  private static final int MAX_INTERFACE_NAME = 15;

  /// Reads and checks the environment.
  ///
  /// @throws CniException with code 4, naming the variable
  public static Invocation of(Map<String, String> environment) throws CniException {
    String name = value(environment, "CNI_COMMAND");
    Command command = Command.parseOrNull(name);
    if (command == null) {
      throw invalid("CNI_COMMAND", name, "one of ADD, DEL, CHECK, VERSION, STATUS, GC");
    }
    String containerId = value(environment, "CNI_CONTAINERID");
    String netns = value(environment, "CNI_NETNS");
    String ifname = value(environment, "CNI_IFNAME");
    if (command == Command.ADD || command == Command.DEL || command == Command.CHECK) {
      requireContainerId(containerId);
      requireInterfaceName(ifname);
      if (netns.isEmpty() && command != Command.DEL) {
        throw invalid("CNI_NETNS", netns, "the path of a network namespace");
      }
    }
    Map<String, String> arguments = arguments(value(environment, "CNI_ARGS"));
    return new Invocation(
        command,
        containerId,
        netns,
        ifname,
        arguments.getOrDefault("K8S_POD_NAMESPACE", ""),
        arguments.getOrDefault("K8S_POD_NAME", ""),
        arguments.getOrDefault("K8S_POD_UID", ""));
  }

  /// Whether the runtime named a pod.
  public boolean namesPod() {
    return !podNamespace.isEmpty() && !podName.isEmpty();
  }

  private static String value(Map<String, String> environment, String name) throws CniException {
    String value = environment.getOrDefault(name, "");
    if (value.length() > MAX_VALUE) {
      throw invalid(name, value.length() + " characters", "at most " + MAX_VALUE);
    }
    return value;
  }

  private static void requireContainerId(String id) throws CniException {
    boolean valid = !id.isEmpty() && isAlphanumeric(id.charAt(0));
    for (int i = 1; i < id.length(); i++) {
      char c = id.charAt(i);
      valid &= isAlphanumeric(c) || c == '_' || c == '.' || c == '-';
    }
    if (!valid) {
      throw invalid(
          "CNI_CONTAINERID",
          id,
          "an alphanumeric character, then alphanumeric characters, '_', '.' or '-'");
    }
  }

  private static void requireInterfaceName(String name) throws CniException {
    boolean valid =
        !name.isEmpty()
            && name.length() <= MAX_INTERFACE_NAME
            && !name.equals(".")
            && !name.equals("..");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      valid &= c != '/' && c != ':' && !Character.isWhitespace(c);
    }
    if (!valid) {
      throw invalid(
          "CNI_IFNAME",
          name,
          "an interface name of 1..15 characters without '/', ':' and white space");
    }
  }

  private static Map<String, String> arguments(String text) throws CniException {
    Map<String, String> arguments = new HashMap<>();
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf(';', start);
      String pair = text.substring(start, end < 0 ? text.length() : end);
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw invalid("CNI_ARGS", pair, "KEY=VALUE pairs, separated by ';'");
      }
      arguments.put(pair.substring(0, equals), pair.substring(equals + 1));
      start = end < 0 ? text.length() : end + 1;
    }
    return arguments;
  }

  private static boolean isAlphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private static CniException invalid(String name, String value, String expected) {
    String shown =
        value.isEmpty()
            ? "absent or empty"
            : value.length() > 80 ? value.substring(0, 80) + "..." : value;
    return new CniException(
        CniException.INVALID_ENVIRONMENT,
        name + ": " + shown + " (expected: " + expected + ")",
        "");
  }
}
