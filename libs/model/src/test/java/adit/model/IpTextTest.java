package adit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IpTextTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.1",
        "::",
        "::1",
        "1::",
        "fd00::1",
        "2001:db8::1:0:0:1",
        "2001:db8:0:1:1:1:1:1",
        "fdad:0:0:102::a",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6::",
        "::3:4:5:6:7:8",
        "fe80:abcd::"
      })
  void of_canonicalText_comesBackAsItWas(String text) throws Exception {
    assertThat(IpText.of(InetAddress.getByName(text))).isEqualTo(text);
  }

  @Test
  void namesAndRanges_areInTheShortForm() throws Exception {
    InetAddress ip = InetAddress.getByName("fd00:0:0:0:0:0:0:9");
    assertThat(new NetworkAddress("net", ip)).hasToString("net/fd00::9");
    assertThat(new Cidr(ip, 64)).hasToString("fd00::9/64");
  }
}
