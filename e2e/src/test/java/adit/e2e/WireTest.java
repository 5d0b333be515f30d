package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class WireTest {
  private static final Set<String> PODS = Set.of("10.244.1.5", "10.244.2.6");

  @Test
  void of_linesOfTcpdump_tellsTunnelsFromTheRest() {
    Wire.Seen seen =
        Wire.Seen.of(
            """
            tcpdump: data link type LINUX_SLL2
            10:00:00.100000 veth1 In  IP 10.244.1.5.43210 > 10.244.2.6.15008: Flags [S], length 0
            10:00:00.100100 veth2 Out IP 10.244.2.6.15008 > 10.244.1.5.43210: Flags [S.], length 0
            10:00:00.200000 veth1 In  IP 10.244.1.5.43211 > 10.244.2.6.8080: Flags [S], length 0
            10:00:00.300000 veth1 In  IP 10.89.0.11.15009 > 10.244.2.6.8080: Flags [S], length 0
            """,
            PODS);

    assertThat(seen.hbone()).isEqualTo(2);
    assertThat(seen.others()).singleElement().asString().contains("10.244.2.6.8080");
  }
}
