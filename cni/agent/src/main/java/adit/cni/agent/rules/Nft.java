package adit.cni.agent.rules;

import adit.linux.Netns;
import adit.linux.Nftables;
import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The `nft` program or, where its library can be loaded, what it does without the program.
final class Nft {
  /// Enough for a loaded machine; a netlink transaction itself takes milliseconds.
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private static final @Nullable Nftables LIBRARY = Nftables.openOrNull();

  private Nft() {}

  /// Applies a transaction: all of it or nothing.
  static void apply(Netns netns, String transaction) throws IOException {
    Nftables.Result result = run(netns, transaction);
    if (!result.done()) {
      throw new IOException("nft: " + result.error().strip());
    }
  }

  /// The kernel's own account of a table, without counters and handles, or null when there is no
  /// such table.
  static @Nullable String listOrNull(Netns netns, String table) throws IOException {
    Nftables.Result result = run(netns, "list table inet " + table + "\n");
    if (!result.done() && result.error().contains("No such file or directory")) {
      return null;
    }
    if (!result.done()) {
      throw new IOException("nft list table inet " + table + ": " + result.error().strip());
    }
    return result.output();
  }

  /// Removes a table; that there is none is fine.
  static void delete(Netns netns, String table) throws IOException {
    apply(netns, "add table inet " + table + "\ndelete table inet " + table + "\n");
  }

  private static Nftables.Result run(Netns netns, String commands) throws IOException {
    return LIBRARY == null ? program(netns, commands) : LIBRARY.run(netns, commands);
  }

  private static Nftables.Result program(Netns netns, String commands) throws IOException {
    Completed done =
        Command.of("nft", "-n", "-s", "-f", "-").reading(commands).within(LIMIT).in(netns).run();
    return new Nftables.Result(done.exit() == 0, done.out(), done.err());
  }
}
