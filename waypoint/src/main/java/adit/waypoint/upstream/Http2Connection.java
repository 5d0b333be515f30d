package adit.waypoint.upstream;

import adit.waypoint.message.FlushPerTurn;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;

/// One HTTP/2 connection to a backend, with many exchanges.
final class Http2Connection extends ChannelInboundHandlerAdapter {
  private static final int WINDOW = 1 << 20;
  private static final int LARGEST_FRAME = 64 << 10;
  private static final int HEADERS = 64 << 10;
  private static final int MOST_STREAMS = 100;

  private final Channel channel;
  private final Runnable changed;
  private final int most;
  private int streams;
  private int opened;
  private int limit = MOST_STREAMS;
  private boolean leaving;
  private long idleSince;

  /// @param most requests in all; 0: no limit
  /// @param changed told when there is room again, or none any more
  Http2Connection(Channel channel, int most, Runnable changed) {
    this.channel = channel;
    this.most = most;
    this.changed = changed;
  }

  /// Makes the channel speak HTTP/2 and lets it read.
  void start() {
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forClient()
            .initialSettings(
                new Http2Settings()
                    .pushEnabled(false)
                    .maxConcurrentStreams(0)
                    .initialWindowSize(WINDOW)
                    .maxFrameSize(LARGEST_FRAME)
                    .maxHeaderListSize(HEADERS))
            .validateHeaders(true)
            .decoderEnforceMaxConsecutiveEmptyDataFrames(8)
            .build();
    ChannelPipeline pipeline = channel.pipeline();
    // Requests of many streams that are sent in one turn of the loop leave in one write.
    pipeline.addLast(codec, new FlushPerTurn(), new Http2MultiplexHandler(new Unwanted()), this);
    LayerSetup.release(channel);
    channel.config().setAutoRead(true);
  }

  /// A server's own streams, which were switched off.
  private static final class Unwanted extends ChannelInboundHandlerAdapter {
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      var _ = ctx.close();
    }

    @Override
    public boolean isSharable() {
      return true;
    }
  }

  boolean hasRoom() {
    return !leaving && channel.isActive() && streams < limit;
  }

  boolean isOpen() {
    return !leaving && channel.isActive();
  }

  boolean isUnusedSince(long nanos) {
    return streams == 0 && idleSince - nanos < 0;
  }

  int streams() {
    return streams;
  }

  void close() {
    leaving = true;
    var _ = channel.close();
  }

  /// Sends a request's head.
  RequestSink send(RequestMessage head, boolean end, ResponseReceiver receiver) {
    streams++;
    opened++;
    if (opened == most) {
      leaving = true;
    }
    Http2Stream stream = new Http2Stream(head, end, receiver, this::ended);
    var _ =
        new Http2StreamChannelBootstrap(channel).handler(stream).open().addListener(stream::opened);
    return stream;
  }

  private void ended() {
    streams--;
    idleSince = channel.eventLoop().ticker().nanoTime();
    if (leaving && streams == 0) {
      var _ = channel.close();
    }
    changed.run();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    switch (message) {
      case Http2SettingsFrame settings -> {
        Long most = settings.settings().maxConcurrentStreams();
        if (most != null) {
          limit = (int) Math.min(MOST_STREAMS, most);
        }
      }
      case Http2GoAwayFrame _ -> leave();
      default -> {
        // PING and the like were answered by the codec.
      }
    }
    ReferenceCountUtil.release(message);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      var _ = ctx.close();
    }
    ctx.fireUserEventTriggered(event);
  }

  private void leave() {
    leaving = true;
    if (streams == 0) {
      var _ = channel.close();
    }
    changed.run();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    leaving = true;
    changed.run();
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    var _ = ctx.close();
  }
}
