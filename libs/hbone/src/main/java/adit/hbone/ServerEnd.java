package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.HeaderReader;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.Future;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The server's side of one [Link]: checks requests and hands them to the [ConnectHandler].
final class ServerEnd implements LinkOwner {
  private static final String CONNECT = "CONNECT";

  private final ConnectHandler handler;
  private final Http2Settings settings;
  private @Nullable Future<?> firstRequest;
  private boolean requested;

  ServerEnd(ConnectHandler handler, Http2Settings settings) {
    this.handler = handler;
    this.settings = settings;
  }

  @Override
  public void request(Link link, TunnelStream stream, HeaderReader.Block block)
      throws ConnectionError {
    requested = true;
    stopWaiting();
    switch (block) {
      case HeaderReader.Block.TooLarge _ -> {
        StreamResponder responder = new StreamResponder(link, stream);
        responder.refuse(431, null);
      }
      case HeaderReader.Block.Malformed(String message) ->
          link.streamError(stream.id(), ErrorCode.PROTOCOL_ERROR, message);
      case HeaderReader.Block.Fields(Http2Headers headers) -> {
        String wrong = malformedOrNull(headers);
        if (wrong == null) {
          handler.connect(request(link, headers), new StreamResponder(link, stream));
        } else {
          link.streamError(stream.id(), ErrorCode.PROTOCOL_ERROR, wrong);
        }
      }
    }
  }

  /// What RFC 9113 sections 8.3.1 and 8.5 forbid.
  private static @Nullable String malformedOrNull(Http2Headers headers) {
    CharSequence method = headers.method();
    if (method == null || method.isEmpty()) {
      return ":method is missing";
    }
    int pseudo = countPseudo(headers);
    if (CONNECT.contentEquals(method)) {
      int expected = headers.authority() == null ? 1 : 2;
      boolean target = headers.scheme() != null || headers.path() != null;
      return target || pseudo != expected ? "CONNECT with more than :authority" : null;
    }
    return isWhole(headers, pseudo) ? null : "request without :scheme or :path";
  }

  private static boolean isWhole(Http2Headers headers, int pseudo) {
    CharSequence path = headers.path();
    int most = headers.authority() == null ? 3 : 4;
    return headers.scheme() != null && path != null && !path.isEmpty() && pseudo <= most;
  }

  /// Pseudo-headers of a request, each as often as it is there; many for what is no request's.
  private static int countPseudo(Http2Headers headers) {
    int pseudo = 0;
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      if (Http2Headers.PseudoHeaderName.hasPseudoHeaderFormat(field.getKey())) {
        pseudo += ":status".contentEquals(field.getKey()) ? 10 : 1;
      }
    }
    return pseudo;
  }

  private static ConnectRequest request(Link link, Http2Headers headers) {
    CharSequence authority = headers.authority();
    boolean readable = authority != null && authority.length() <= Authority.MAX_LENGTH;
    ConnectHead head =
        new ConnectHead(
            readable ? authority.toString() : "",
            FrameDispatch.text(headers, "forwarded"),
            FrameDispatch.text(headers, "baggage"),
            FrameDispatch.text(headers, "traceparent"),
            FrameDispatch.text(headers, "x-forwarded-network"));
    CharSequence method = headers.method();
    return new ConnectRequest(
        method == null ? "" : method.toString(), head, link.peer(), link.eventLoop());
  }

  @Override
  public void capacityChanged(Link link) {
    if (!requested && firstRequest == null) {
      firstRequest =
          link.eventLoop()
              .schedule(
                  () ->
                      link.fail(
                          ErrorCode.NO_ERROR, new TunnelException(-1, "no request from the peer")),
                  settings.firstRequestTimeout().toNanos(),
                  TimeUnit.NANOSECONDS);
    }
  }

  private void stopWaiting() {
    Future<?> timer = firstRequest;
    firstRequest = null;
    if (timer != null) {
      timer.cancel(false);
    }
  }

  @Override
  public void goingAway(Link link) {
    // A client that goes away finishes its tunnels first.
  }

  @Override
  public void streamClosed(Link link) {
    // The place is free; nothing waits for it.
  }

  @Override
  public void closed(Link link, @Nullable Throwable cause) {
    stopWaiting();
    if (cause != null) {
      handler.broken(link.peer(), cause);
    }
  }
}
