package adit.telemetry;

import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;

/// A request decoder that tells whether it holds the beginning of another request.
final class RequestDecoder extends HttpRequestDecoder {
  RequestDecoder(HttpDecoderConfig config) {
    super(config);
  }

  boolean holdsBytes() {
    return actualReadableBytes() > 0;
  }
}
