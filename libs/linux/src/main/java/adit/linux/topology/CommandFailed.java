package adit.linux.topology;

import java.io.IOException;

/// A command ended with an error; the message holds the command, its exit code and what it said.
public final class CommandFailed extends IOException {
  private static final long serialVersionUID = 1L;

  CommandFailed(String command, int exit, String said) {
    super(command + ": exit " + exit + ": " + said.strip());
  }
}
