package adit.linux;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.Routing.Family;
import adit.linux.Routing.MarkRule;
import adit.linux.topology.Command;
import adit.linux.topology.IpBatch;
import adit.linux.topology.NamedNetns;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Routing and tables as the kernel keeps them, compared with what `ip` and `nft` say. Needs root.
final class RoutingTest {
  private static final NamedNetns NAME = TestNetwork.named("routing");
  private static final MarkRule RULE = new MarkRule(0x111, 0xfff, 32764, 100);

  private Netns netns;
  private Routing routing;

  @BeforeAll
  static void make() throws IOException {
    new IpBatch().netns(NAME).apply();
    Command.of("ip", "link", "set", "lo", "up").in(NAME).output();
  }

  @AfterAll
  static void remove() throws IOException {
    TestNetwork.delete(NAME);
  }

  @BeforeEach
  void open() throws IOException {
    netns = NAME.open();
    routing = Routing.open(netns);
  }

  @AfterEach
  void close() {
    routing.close();
    netns.close();
  }

  @ParameterizedTest
  @EnumSource
  void rule_isThatOfIp(Family family) throws IOException {
    assertThat(routing.has(family, RULE)).isFalse();
    routing.add(family, RULE);
    routing.add(family, RULE);

    assertThat(routing.has(family, RULE)).isTrue();
    assertThat(ip(family, "rule", "list")).containsOnlyOnce("fwmark 0x111/0xfff lookup 100");
    assertThat(ip(family, "rule", "list")).contains("32764:");

    ip(family, "rule", "del", "fwmark", "0x111/0xfff", "lookup", "100");
    assertThat(routing.has(family, RULE)).isFalse();
    ip(family, "rule", "add", "fwmark", "0x111/0xfff", "pref", "32764", "lookup", "100");
    assertThat(routing.has(family, RULE)).isTrue();
    routing.delete(family, RULE);
    routing.delete(family, RULE);
    assertThat(ip(family, "rule", "list")).doesNotContain("0x111");
  }

  @ParameterizedTest
  @EnumSource
  void rule_ofAnotherMarkPreferenceOrTable_isAnother(Family family) throws IOException {
    routing.add(family, new MarkRule(0x112, 0xfff, 32764, 100));
    routing.add(family, new MarkRule(0x111, 0xff, 32764, 100));
    routing.add(family, new MarkRule(0x111, 0xfff, 32763, 100));
    routing.add(family, new MarkRule(0x111, 0xfff, 32764, 101));

    assertThat(routing.has(family, RULE)).isFalse();
    routing.delete(family, new MarkRule(0x112, 0xfff, 32764, 100));
    routing.delete(family, new MarkRule(0x111, 0xff, 32764, 100));
    routing.delete(family, new MarkRule(0x111, 0xfff, 32763, 100));
    routing.delete(family, new MarkRule(0x111, 0xfff, 32764, 101));
  }

  @ParameterizedTest
  @EnumSource
  void route_isThatOfIp(Family family) throws IOException {
    String everything = family == Family.IP4 ? "0.0.0.0/0" : "::/0";
    assertThat(routing.deliversLocally(family, 100)).isFalse();
    routing.deliverLocally(family, 100);
    routing.deliverLocally(family, 100);

    assertThat(routing.deliversLocally(family, 100)).isTrue();
    assertThat(routing.deliversLocally(family, 101)).isFalse();
    assertThat(ip(family, "route", "list", "table", "100"))
        .containsOnlyOnce("local default dev lo");

    ip(family, "route", "flush", "table", "100");
    assertThat(routing.deliversLocally(family, 100)).isFalse();
    ip(family, "route", "add", "local", everything, "dev", "lo", "table", "100");
    assertThat(routing.deliversLocally(family, 100)).isTrue();
    routing.deliverNoMore(family, 100);
    routing.deliverNoMore(family, 100);
    assertThat(routing.deliversLocally(family, 100)).isFalse();
  }

  /// More than one packet of answers.
  @Test
  void route_amongMany_isFound() throws IOException {
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 2000; i++) {
      many.append("route add 10.%d.%d.0/24 dev lo table 90%n".formatted(i / 256, i % 256));
    }
    Command.of("ip", "-batch", "-").reading(many.toString()).in(NAME).output();
    assertThat(routing.deliversLocally(Family.IP4, 100)).isFalse();
    routing.deliverLocally(Family.IP4, 100);

    assertThat(routing.deliversLocally(Family.IP4, 100)).isTrue();

    routing.deliverNoMore(Family.IP4, 100);
  }

  @Test
  void nftables_commands_areCarriedOutWholeOrNotAtAll() throws IOException {
    Nftables nftables = requireNonNull(Nftables.openOrNull());

    assertThat(nftables.run(netns, "add table inet t\nadd chain inet t c\n").done()).isTrue();
    Nftables.Result half = nftables.run(netns, "add chain inet t d\nadd rule inet t none accept\n");

    assertThat(half.done()).isFalse();
    assertThat(half.error()).contains("No such file or directory");
    Nftables.Result listed = nftables.run(netns, "list table inet t\n");
    assertThat(listed.output())
        .isEqualTo(Command.of("nft", "-n", "-s", "list", "table", "inet", "t").in(NAME).output())
        .contains("chain c")
        .doesNotContain("chain d");
    assertThat(nftables.run(netns, "delete table inet t\n").done()).isTrue();
    assertThat(nftables.run(netns, "no such command\n").error()).contains("syntax error");
    assertThat(Command.of("nft", "list", "ruleset").in(NAME).output()).isEmpty();
  }

  private static String ip(Family family, String... words) throws IOException {
    String[] all = new String[words.length + 2];
    all[0] = "ip";
    all[1] = family == Family.IP4 ? "-4" : "-6";
    System.arraycopy(words, 0, all, 2, words.length);
    var done = Command.of(all).in(NAME).run();
    // A table in which no route has ever been is an error to `ip`.
    return done.err().contains("FIB table does not exist") ? "" : done.orThrow("ip").out();
  }
}
