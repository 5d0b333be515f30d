package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class OpenFailureTest {
  @Test
  void describe_status_hasItsReasonAsTheReferencesLogHas() {
    assertThat(new OpenFailure.Status(401, null).describe())
        .isEqualTo("http status: 401 Unauthorized");
    assertThat(new OpenFailure.Status(503, null).describe())
        .isEqualTo("http status: 503 Service Unavailable");
  }
}
