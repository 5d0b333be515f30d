package adit.waypoint.listener;

import static java.nio.charset.StandardCharsets.US_ASCII;

import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// What a client of HTTP/2 asks for by CONNECT: a tunnel, or another protocol on its stream
/// (extended CONNECT, RFC 8441). Backends are asked for the latter as HTTP/1.1 does it, so that
/// routes and policies see the same request whatever version it came by.
///
/// @param accept the answer to the key that we made for WebSocket; null: none was made
record Opening(@Nullable String accept) {
  private static final String WEBSOCKET = "websocket";

  /// RFC 6455 section 1.3.
  private static final String SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private static final int KEY_BYTES = 16;

  static Opening of(RequestMessage head) {
    String key =
        head.kind() == Kind.UPGRADE ? head.headers().get(HttpHeaderNames.SEC_WEBSOCKET_KEY) : null;
    return new Opening(key == null ? null : answerTo(key));
  }

  /// Extended CONNECT as a request to upgrade (RFC 8441 section 5.1: GET, and a key).
  static RequestMessage asUpgrade(RequestMessage head, String protocol) {
    HttpHeaders headers = head.headers();
    headers.set(HttpHeaderNames.UPGRADE, protocol);
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    if (protocol.equalsIgnoreCase(WEBSOCKET)) {
      byte[] key = new byte[KEY_BYTES];
      ThreadLocalRandom.current().nextBytes(key);
      headers.set(HttpHeaderNames.SEC_WEBSOCKET_KEY, Base64.getEncoder().encodeToString(key));
    }
    return head;
  }

  /// Whether the backend has answered to our key.
  boolean isGranted(HttpHeaders headers) {
    return accept == null || accept.equals(headers.get(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT));
  }

  /// What concerns the backend's connection, and a body that is none.
  static void remove(HttpHeaders headers) {
    headers.remove(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT);
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    headers.remove(HttpHeaderNames.UPGRADE);
  }

  private static String answerTo(String key) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      return Base64.getEncoder().encodeToString(sha1.digest((key + SUFFIX).getBytes(US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1", e);
    }
  }
}
