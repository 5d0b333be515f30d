package adit.istiod.debug;

import static org.assertj.core.api.Assertions.assertThat;

import adit.telemetry.AdminRequest;
import adit.telemetry.AdminResponse;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DebugPagesTest {
  @ParameterizedTest
  @CsvSource({"127.0.0.1,200", "::1,200", "10.244.1.10,403", "fd00::1,403"})
  void pages_areForLoopbackOnly(String caller, int status) throws Exception {
    var request =
        new AdminRequest(
            "GET",
            "/debug/ambientz",
            Map.of(),
            Map.of(),
            "",
            new InetSocketAddress(InetAddress.ofLiteral(caller), 40_000));

    AdminResponse answer =
        DebugPages.loopbackOnly(_ -> AdminResponse.text(200, "the mesh")).handle(request);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.bodyText().contains("the mesh")).isEqualTo(status == 200);
  }
}
