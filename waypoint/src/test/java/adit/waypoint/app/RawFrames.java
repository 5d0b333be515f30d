package adit.waypoint.app;

import java.util.ArrayList;
import java.util.List;

/// Frames of HTTP/2 as text, one character per byte (RFC 9113 section 4.1).
final class RawFrames {
  static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RESET = 3;
  static final int SETTINGS = 4;
  static final int GO_AWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  /// `GET /` of host "a", with the static table only (RFC 7541 appendix A).
  static final String GET = "\u0082\u0086\u0084\1\1a";

  /// `POST /` of host "a".
  static final String POST = "\u0083\u0086\u0084\1\1a";

  private RawFrames() {}

  record Frame(int type, int flags, int stream, String payload) {
    /// Of RST_STREAM and GOAWAY.
    int error() {
      return number(payload, type == GO_AWAY ? 4 : 0);
    }
  }

  /// What a client begins with: the preface and settings that say nothing.
  static String hello() {
    return PREFACE + frame(SETTINGS, 0, 0, "");
  }

  static String frame(int type, int flags, int stream, String payload) {
    int length = payload.length();
    return ""
        + (char) (length >> 16)
        + (char) (length >> 8 & 0xff)
        + (char) (length & 0xff)
        + (char) type
        + (char) flags
        + text(stream)
        + payload;
  }

  /// Four bytes.
  static String text(int number) {
    return ""
        + (char) (number >>> 24)
        + (char) (number >> 16 & 0xff)
        + (char) (number >> 8 & 0xff)
        + (char) (number & 0xff);
  }

  private static int number(String text, int at) {
    return text.charAt(at) << 24
        | text.charAt(at + 1) << 16
        | text.charAt(at + 2) << 8
        | text.charAt(at + 3);
  }

  /// The whole frames of what has come.
  static List<Frame> parse(String received) {
    List<Frame> frames = new ArrayList<>();
    int at = 0;
    while (received.length() - at >= 9) {
      int length = number(received, at) >>> 8;
      if (received.length() - at - 9 < length) {
        break;
      }
      frames.add(
          new Frame(
              received.charAt(at + 3),
              received.charAt(at + 4),
              number(received, at + 5),
              received.substring(at + 9, at + 9 + length)));
      at += 9 + length;
    }
    return frames;
  }

  /// Frames of this type on this stream.
  static List<Frame> framesOf(String received, int type, int stream) {
    return parse(received).stream()
        .filter(frame -> frame.type() == type && frame.stream() == stream)
        .toList();
  }
}
