package adit.waypoint.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.util.concurrent.Future;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads the server name of a TLS hello and gives way, with the bytes.
public final class ServerName extends AbstractSniHandler<Boolean> {
  private static final int LARGEST_HELLO = 64 << 10;
  private static final long PATIENCE_MILLIS = 10_000;

  private final Consumer<Optional<String>> found;
  private boolean over;

  private ServerName(Consumer<Optional<String>> found) {
    super(LARGEST_HELLO, PATIENCE_MILLIS);
    this.found = found;
  }

  /// Puts itself before the handlers that the bytes are for, and reads.
  ///
  /// @param found gets the name, in lower case, or none; once
  public static void read(Channel channel, Consumer<Optional<String>> found) {
    channel.pipeline().addFirst(new ServerName(found));
    channel.config().setAutoRead(true);
  }

  @Override
  protected Future<Boolean> lookup(ChannelHandlerContext ctx, @Nullable String name) {
    return ctx.executor().newSucceededFuture(true);
  }

  @Override
  protected void onLookupComplete(
      ChannelHandlerContext ctx, @Nullable String name, Future<Boolean> done) {
    finish(ctx, name);
  }

  private void finish(ChannelHandlerContext ctx, @Nullable String name) {
    if (!over) {
      over = true;
      ctx.channel().config().setAutoRead(false);
      ctx.pipeline().remove(this);
      found.accept(Optional.ofNullable(name).map(text -> text.toLowerCase(Locale.ROOT)));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // No hello that can be read: there is no name to route by.
    finish(ctx, null);
  }
}
