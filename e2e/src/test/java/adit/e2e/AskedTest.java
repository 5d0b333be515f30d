package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AskedTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|200 in 3 ms: a page|ANSWERED",
        "1|failed in 3 ms: connection closed without an answer|REFUSED",
        "1|failed in 3 ms: Connection reset|REFUSED",
        "1|failed in 2001 ms: Read timed out|FAILED",
        "1|failed in 2001 ms: Connect timed out|FAILED",
        "1|failed in 3 ms: Connection refused|FAILED",
        "1|failed in 3 ms: web.bookshop|FAILED",
        "1|503 in 3 ms: connection reset|FAILED",
        "137|Killed|FAILED"
      })
  void of_whatTheClientSays(int exit, String said, Asked asked) {
    assertThat(Asked.of(new Cluster.Ended(exit, said + "\n"))).isEqualTo(asked);
  }
}
