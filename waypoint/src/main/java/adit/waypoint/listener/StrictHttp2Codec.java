package adit.waypoint.listener;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Netty's codec, which resets a stream that is long over when more comes for it, and goes on. Here
/// the connection ends (RFC 9113 section 5.1, "closed"), unless we had reset the stream: then what
/// comes was under way.
///
/// Costs nothing while clients keep to the protocol.
final class StrictHttp2Codec extends Http2FrameCodec {
  private final int mostReset;
  private final Set<Integer> resetHere = LinkedHashSet.newLinkedHashSet(4);

  private StrictHttp2Codec(
      Http2ConnectionEncoder encoder,
      Http2ConnectionDecoder decoder,
      Http2Settings settings,
      Builder builder) {
    super(encoder, decoder, settings, builder.isDecoupled(), builder.isFlushing());
    this.mostReset = builder.mostReset;
    connection()
        .addListener(
            new Http2ConnectionAdapter() {
              @Override
              public void onStreamClosed(Http2Stream stream) {
                if (stream.isResetSent()) {
                  remember(stream.id());
                }
              }
            });
  }

  private void remember(int stream) {
    if (resetHere.size() == mostReset) {
      resetHere.remove(resetHere.iterator().next());
    }
    resetHere.add(stream);
  }

  @Override
  public void onError(ChannelHandlerContext ctx, boolean outbound, Throwable cause) {
    Http2Exception worse = outbound ? null : worseOrNull(cause);
    super.onError(ctx, outbound, worse == null ? cause : worse);
  }

  private @Nullable Http2Exception worseOrNull(Throwable cause) {
    if (cause instanceof StreamException error
        && error.error() == Http2Error.STREAM_CLOSED
        && connection().stream(error.streamId()) == null
        && !resetHere.contains(error.streamId())) {
      return Http2Exception.connectionError(Http2Error.STREAM_CLOSED, error.getMessage());
    }
    return null;
  }

  /// Makes one.
  static final class Builder extends Http2FrameCodecBuilder {
    private final int mostReset;

    /// @param mostReset streams that are remembered because we reset them
    Builder(int mostReset) {
      this.mostReset = mostReset;
    }

    private boolean isDecoupled() {
      return decoupleCloseAndGoAway();
    }

    private boolean isFlushing() {
      return flushPreface();
    }

    @Override
    protected Http2FrameCodec build(
        Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
      return new StrictHttp2Codec(encoder, decoder, settings, this);
    }
  }
}
