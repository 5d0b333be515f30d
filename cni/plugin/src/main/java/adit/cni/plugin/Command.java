package adit.cni.plugin;

import org.jspecify.annotations.Nullable;

/// The operations of the CNI specification 1.1.
public enum Command {
  /// A container joins the network.
  ADD,
  /// A container leaves it; must succeed when it is gone already.
  DEL,
  /// Is an earlier ADD still in effect?
  CHECK,
  /// Which versions of the specification are spoken.
  VERSION,
  /// Can ADD be served?
  STATUS,
  /// Attachments that are not listed may be removed.
  GC;

  /// The command of that name in `CNI_COMMAND`, or null.
  public static @Nullable Command parseOrNull(String name) {
    for (Command command : values()) {
      if (command.name().equals(name)) {
        return command;
      }
    }
    return null;
  }
}
