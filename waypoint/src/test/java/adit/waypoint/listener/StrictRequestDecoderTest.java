package adit.waypoint.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is refused does not depend on how the bytes were cut.
final class StrictRequestDecoderTest {
  private static final String REFUSED = "refused";

  /// What the decoder makes of bytes that come in pieces of this size: targets, or [#REFUSED].
  private static List<String> read(String bytes, int size) {
    var channel = new EmbeddedChannel(new StrictRequestDecoder(HttpLimits.DEFAULT));
    List<String> seen = new ArrayList<>();
    for (int at = 0; at < bytes.length(); at += size) {
      String piece = bytes.substring(at, Math.min(bytes.length(), at + size));
      channel.writeInbound(Unpooled.copiedBuffer(piece, StandardCharsets.ISO_8859_1));
    }
    for (Object one = channel.readInbound(); one != null; one = channel.readInbound()) {
      if (one instanceof MalformedRequest
          || (one instanceof HttpRequest request && isBad(request))) {
        seen.add(REFUSED);
      } else if (one instanceof HttpRequest request) {
        seen.add(request.uri());
      }
      ReferenceCountUtil.release(one);
    }
    channel.finishAndReleaseAll();
    return seen;
  }

  private static boolean isBad(HttpRequest request) {
    return request.decoderResult().isFailure() || Http1Heads.faultOrNull(request) != null;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded: z\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tfolded: z\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n \r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
      })
  void request_thatIsRefusedWhole_isRefusedInPieces(String request) {
    for (int size = 1; size <= request.length(); size++) {
      List<String> seen = read(request, size);
      assertThat(seen).as("pieces of %s", size).isNotEmpty();
      assertThat(seen.getFirst()).as("pieces of %s", size).isEqualTo(REFUSED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        "\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\nbad line\r\n x\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n x\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /1 HTTP/1.1\r\nHost: a\r\nX:\ty\t\r\nEmpty:\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
      })
  void requests_thatAreGoodWhole_areGoodInPieces(String requests) {
    for (int size = 1; size <= requests.length(); size++) {
      assertThat(read(requests, size)).as("pieces of %s", size).containsExactly("/1", "/2");
    }
  }
}
