package adit.linux.topology;

/// A network interface.
///
/// @param netns where it is
/// @param name its name there, at most 15 characters
public record Device(NamedNetns netns, String name) {
  private static final int LONGEST = 15;

  /// Checks the name, which becomes a word of a command.
  public Device {
    if (name.isEmpty() || name.length() > LONGEST || !name.matches("[A-Za-z0-9_.@-]+")) {
      throw new IllegalArgumentException(
          "device: " + name + " (expected: 1 to " + LONGEST + " letters, digits, _ . -)");
    }
  }
}
