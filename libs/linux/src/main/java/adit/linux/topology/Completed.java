package adit.linux.topology;

/// What a command left behind.
///
/// @param exit its exit code
/// @param out what it wrote to standard output, at most 16 MiB
/// @param err what it wrote to standard error, at most 16 MiB
public record Completed(int exit, String out, String err) {
  /// This, if the command succeeded.
  ///
  /// @throws CommandFailed it did not
  public Completed orThrow(String command) throws CommandFailed {
    if (exit != 0) {
      throw new CommandFailed(command, exit, err.isBlank() ? out : err);
    }
    return this;
  }
}
