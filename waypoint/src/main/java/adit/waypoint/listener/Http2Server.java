package adit.waypoint.listener;

import adit.waypoint.message.FlushPerTurn;
import adit.waypoint.message.RequestHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import java.util.concurrent.TimeUnit;

/// The server side of one HTTP/2 connection.
public final class Http2Server {
  private static final int LARGEST_FRAME = 16 << 10;
  private static final int RESETS = 200;
  private static final int RESETS_SECONDS = 10;
  private static final long GRACE_MILLIS = 30_000;
  private static final long DRAIN_MILLIS = 300;

  private Http2Server() {}

  /// Makes a channel speak HTTP/2, the preface included. Closing the channel says GOAWAY and lets
  /// streams end.
  public static void install(ChannelPipeline pipeline, RequestHandler handler, HttpLimits limits) {
    Http2FrameCodec codec =
        new StrictHttp2Codec.Builder(limits.streams())
            .initialSettings(
                new Http2Settings()
                    .maxConcurrentStreams(limits.streams())
                    .initialWindowSize(limits.window())
                    .maxFrameSize(LARGEST_FRAME)
                    .maxHeaderListSize(limits.headers())
                    .connectProtocolEnabled(true))
            .validateHeaders(true)
            .validateRequiredPseudoHeaders(true)
            .decoderEnforceMaxRstFramesPerWindow(RESETS, RESETS_SECONDS)
            .decoderEnforceMaxConsecutiveEmptyDataFrames(8)
            .decoderEnforceMaxSmallContinuationFrames(16)
            .gracefulShutdownTimeoutMillis(GRACE_MILLIS)
            .build();
    pipeline.addLast(
        codec,
        // Answers to many streams that come in one turn of the loop leave in one write.
        new FlushPerTurn(),
        new Http2MultiplexHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                stream.pipeline().addLast(new Http2Exchange(handler, limits));
              }
            }),
        new Http2Idle(codec.connection(), limits.idle()));
  }

  /// Tells the client to go elsewhere: first that no stream is refused, for some may be on their
  /// way, a little later which one was the last (RFC 9113 section 6.8). On its event loop.
  ///
  /// @return whether the channel speaks HTTP/2
  public static boolean drain(Channel channel) {
    ChannelHandlerContext codec = channel.pipeline().context(StrictHttp2Codec.class);
    if (codec == null) {
      return false;
    }
    Http2GoAwayFrame soon =
        new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR).setExtraStreamIds(Integer.MAX_VALUE);
    var _ = channel.writeAndFlush(soon);
    var _ =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  var _ = channel.write(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
                  var _ = channel.close();
                },
                DRAIN_MILLIS,
                TimeUnit.MILLISECONDS);
    return true;
  }
}
