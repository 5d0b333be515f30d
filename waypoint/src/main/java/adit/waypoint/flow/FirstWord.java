package adit.waypoint.flow;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Waits for a backend to speak first, and keeps what it says until somebody is there for it.
final class FirstWord extends ChannelInboundHandlerAdapter {
  private final Consumer<Channel> heard;
  private @Nullable Object said;

  private FirstWord(Consumer<Channel> heard) {
    this.heard = heard;
  }

  /// Reads once.
  ///
  /// @param heard gets the channel when it has spoken; what it said follows [#release]
  static void await(Channel backend, Consumer<Channel> heard) {
    backend.pipeline().addLast(new FirstWord(heard));
    var _ = backend.read();
  }

  /// Lets what was said go on to the handlers behind.
  static void release(Channel backend) {
    if (backend.pipeline().get(FirstWord.class) != null) {
      backend.pipeline().remove(FirstWord.class);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (said == null) {
      said = message;
      heard.accept(ctx.channel());
    } else {
      ctx.fireChannelRead(message);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    Object word = said;
    said = null;
    if (word != null) {
      ctx.fireChannelRead(word);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ReferenceCountUtil.release(said);
    said = null;
    ctx.fireChannelInactive();
  }
}
