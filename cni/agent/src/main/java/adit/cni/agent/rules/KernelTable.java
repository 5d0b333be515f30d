package adit.cni.agent.rules;

import adit.linux.Netns;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Writes tables and compares what the kernel holds with what was wanted.
///
/// How the kernel tells a table differs between versions of `nft`. So the account that follows our
/// own writing of a table is what later accounts of the same table must equal. Any thread.
final class KernelTable {
  private static final Pattern COMMENT = Pattern.compile("counter .*comment \"([^\"]*)\"");

  /// Options come from annotations, so their number is bounded here. What is forgotten is written
  /// once more when it is compared.
  private static final int MOST_ACCOUNTS = 256;

  /// One for each distinct set of options that pods of this node have had.
  private final Map<Table, String> accounts = new ConcurrentHashMap<>();

  /// Puts the table in place and makes sure that the kernel has every rule of it.
  ///
  /// @return the kernel's account of it
  /// @throws IOException it was refused, or is not what was written
  String write(Netns netns, Table table) throws IOException {
    Nft.apply(netns, table.transaction());
    String account = Nft.listOrNull(netns, table.name());
    List<String> wanted = table.ruleNames().toList();
    if (account == null || !ruleNames(account).equals(wanted)) {
      throw new IOException(
          "table "
              + table.name()
              + ": rules "
              + (account == null ? "none" : ruleNames(account))
              + " after writing (expected: "
              + wanted
              + ")");
    }
    if (accounts.size() >= MOST_ACCOUNTS) {
      accounts.clear();
    }
    accounts.put(table, account);
    return account;
  }

  /// What is different, or null when the kernel's table is the wanted one. The table may be written
  /// by this call when it has not been since the agent started; writing the same table again
  /// changes nothing for connections.
  @Nullable String differenceOrNull(Netns netns, Table table) throws IOException {
    String found = Nft.listOrNull(netns, table.name());
    if (found == null) {
      return "table " + table.name() + " is missing";
    }
    String wanted = accounts.get(table);
    if (wanted == null) {
      wanted = write(netns, table);
    }
    if (found.equals(wanted)) {
      return null;
    }
    List<String> names = ruleNames(found);
    List<String> expected = table.ruleNames().toList();
    return names.equals(expected)
        ? "table " + table.name() + " was changed"
        : "table " + table.name() + " has rules " + names + " (expected: " + expected + ")";
  }

  /// Drops what is known about a table that will not be wanted again.
  void forget(Table table) {
    accounts.remove(table);
  }

  private static List<String> ruleNames(String account) {
    return COMMENT.matcher(account).results().map(result -> result.group(1)).toList();
  }
}
