package adit.cni.agent.rules;

import adit.linux.Netns;
import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The `nft` program, run inside a network namespace.
final class Nft {
  /// Enough for a loaded machine; a netlink transaction itself takes milliseconds.
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private Nft() {}

  /// Applies a transaction: all of it or nothing.
  static void apply(Netns netns, String transaction) throws IOException {
    Command.of("nft", "-f", "-").reading(transaction).within(LIMIT).in(netns).output();
  }

  /// The kernel's own account of a table, without counters and handles, or null when there is no
  /// such table.
  static @Nullable String listOrNull(Netns netns, String table) throws IOException {
    Command command =
        Command.of("nft", "-n", "-s", "list", "table", "inet", table).within(LIMIT).in(netns);
    Completed done = command.run();
    if (done.exit() != 0 && done.err().contains("No such file or directory")) {
      return null;
    }
    return done.orThrow(command.toString()).out();
  }

  /// Removes a table; that there is none is fine.
  static void delete(Netns netns, String table) throws IOException {
    apply(netns, "add table inet " + table + "\ndelete table inet " + table + "\n");
  }
}
