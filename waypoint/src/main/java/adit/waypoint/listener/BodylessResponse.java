package adit.waypoint.listener;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;

/// A response that is whole with its head, whatever its headers say about a length.
final class BodylessResponse extends DefaultFullHttpResponse {
  private static final ByteBuf NOTHING = Unpooled.EMPTY_BUFFER;

  BodylessResponse(HttpResponseStatus status, HttpHeaders headers) {
    super(
        HttpVersion.HTTP_1_1,
        status,
        NOTHING,
        headers,
        LastHttpContent.EMPTY_LAST_CONTENT.trailingHeaders());
  }
}
