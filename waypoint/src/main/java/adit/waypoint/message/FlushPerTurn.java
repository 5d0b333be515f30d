package adit.waypoint.message;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.flush.FlushConsolidationHandler;

/// Writes of many streams of one HTTP/2 connection in one turn of the event loop leave in one
/// write. Stands above the codec.
///
/// A channel that has become too full is not flushed at once. That happens in the middle of the
/// codec's write of DATA: the flush would complete what other writes wait for, streams would write
/// on, and the codec takes bytes that are added to a frame while it is written as not sent. The
/// stream then sends more than its window, and the peer resets it (FLOW_CONTROL_ERROR).
public final class FlushPerTurn extends FlushConsolidationHandler {
  private static final int MOST = 64;

  /// For one channel.
  public FlushPerTurn() {
    super(MOST, true);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    ctx.fireChannelWritabilityChanged();
  }
}
