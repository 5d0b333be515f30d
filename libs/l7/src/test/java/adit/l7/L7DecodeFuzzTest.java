package adit.l7;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.InvalidResource;
import adit.protos.l7.Authentication;
import adit.protos.l7.RateLimit;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Route;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.WaypointConfig;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.charset.StandardCharsets;

/// Whatever is on the wire is a checked record or a complaint with a name; never another exception,
/// never an endless one.
final class L7DecodeFuzzTest {
  /// Decodes.
  private interface Decoding {
    Object decode() throws InvalidResource, InvalidProtocolBufferException;
  }

  private static void hold(Decoding decoding) {
    try {
      assertThat(decoding.decode()).isNotNull();
    } catch (InvalidResource e) {
      assertThat(e.reason()).contains("(expected: ");
    } catch (InvalidProtocolBufferException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }

  @FuzzTest(maxDuration = "5s")
  void route(byte[] bytes) {
    hold(() -> L7Decode.route(Route.parseFrom(bytes)));
  }

  @FuzzTest(maxDuration = "5s")
  void requestPolicy(byte[] bytes) {
    hold(() -> L7Decode.requestPolicy(RequestPolicy.parseFrom(bytes)));
  }

  @FuzzTest(maxDuration = "5s")
  void others(byte[] bytes) {
    hold(() -> L7Decode.trafficPolicy(TrafficPolicy.parseFrom(bytes)));
    hold(() -> L7Decode.authentication(Authentication.parseFrom(bytes)));
    hold(() -> L7Decode.rateLimit(RateLimit.parseFrom(bytes)));
    hold(() -> L7Decode.waypoint(WaypointConfig.parseFrom(bytes)));
  }

  @FuzzTest(maxDuration = "5s")
  void claim(byte[] bytes) {
    var path = ClaimPath.parseOrNull(new String(bytes, StandardCharsets.UTF_8));
    if (path != null) {
      assertThat(path).isNotEmpty().doesNotContain("").hasSizeLessThanOrEqualTo(16);
    }
  }

  @FuzzTest(maxDuration = "5s")
  void regexSize(byte[] bytes) {
    assertThat(Regexes.sizeOrMinus(new String(bytes, StandardCharsets.UTF_8)))
        .isGreaterThanOrEqualTo(-1);
  }
}
