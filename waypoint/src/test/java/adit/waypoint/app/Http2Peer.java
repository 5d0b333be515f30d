package adit.waypoint.app;

import adit.testkit.Eventually;
import adit.waypoint.listener.Http2Server;
import adit.waypoint.listener.HttpLimits;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSource;
import adit.waypoint.message.ResponseSink;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Both ends of HTTP/2 for tests.
final class Http2Peer {
  /// Bytes of the answer to `/early`.
  static final int EARLY = 256 << 10;

  private Http2Peer() {}

  /// A backend without TLS: answers with its name, the path and the body, and trailers.
  static final class Backend implements AutoCloseable {
    private final EventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Channel listener;

    Backend(String address, int port, String name) {
      this(address, port, name, null);
    }

    /// @param tls null: without
    Backend(String address, int port, String name, @Nullable SslContext tls) {
      listener =
          new ServerBootstrap()
              .group(loops)
              .channelFactory(EpollServerSocketChannel::new)
              .childHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      if (tls != null) {
                        channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                      }
                      Http2Server.install(
                          channel.pipeline(),
                          (head, end, sink) -> new Echo(name, head, end, sink),
                          HttpLimits.DEFAULT);
                    }
                  })
              .bind(new InetSocketAddress(address, port))
              .syncUninterruptibly()
              .channel();
    }

    int port() {
      return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public void close() {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  private static final class Echo implements RequestSource {
    private final ResponseSink sink;
    private boolean deaf;

    Echo(String name, RequestMessage head, boolean end, ResponseSink sink) {
      this.sink = sink;
      HttpHeaders headers = Http2Heads.empty();
      headers.set("x-asked", head.method() + " " + head.authority() + head.target());
      headers.set("x-version", head.version());
      headers.set("x-te", head.headers().get("te", "none"));
      sink.head(200, headers, false);
      if (head.target().equals("/early")) {
        // Does not wait for the request's end.
        sink.data(Unpooled.wrappedBuffer(new byte[EARLY]));
        end(null);
        return;
      }
      if (head.target().equals("/abort")) {
        sink.flush();
        sink.abort();
        return;
      }
      if (head.target().equals("/deaf")) {
        // Answers and reads nothing.
        deaf = true;
        sink.flush();
        sink.read(false);
        return;
      }
      sink.data(Unpooled.copiedBuffer(name + ":", StandardCharsets.UTF_8));
      if (end) {
        end(null);
      }
      sink.flush();
    }

    @Override
    public void data(ByteBuf bytes) {
      sink.data(bytes);
      // What was on its way when it became deaf still comes.
      sink.read(!deaf && sink.isWritable());
    }

    @Override
    public void readComplete() {
      sink.flush();
    }

    @Override
    public void end(@Nullable HttpHeaders trailers) {
      HttpHeaders answer = Http2Heads.empty();
      answer.set("grpc-status", "0");
      answer.set("x-sent", trailers == null ? "none" : trailers.get("x-trailer", "none"));
      sink.end(answer);
      sink.flush();
    }

    @Override
    public void cancelled(String why) {}

    @Override
    public void writabilityChanged() {
      if (!deaf) {
        sink.read(sink.isWritable());
      }
    }
  }

  /// What came back.
  ///
  /// @param trailers null: none
  record Answer(Http2Headers headers, String body, @Nullable Http2Headers trailers) {}

  /// A request whose body is not complete.
  record Call(Http2StreamChannel stream, Collecting collecting) {
    CompletableFuture<Answer> answer() {
      return collecting.result;
    }

    /// Waits until this much of the answer has come.
    void awaitBody(String body) {
      Eventually.holds(
          "the body " + body, LoopMesh.PATIENCE, () -> collecting.bodyNow().equals(body));
    }

    void send(String body) {
      write(body, false);
    }

    /// Sends as long as the other side takes it.
    ///
    /// @return bytes that were taken when nothing was taken any more for a while
    long sendUntilStandstill() {
      var sent = new AtomicLong();
      byte[] block = new byte[16 << 10];
      var pump =
          stream
              .eventLoop()
              .scheduleAtFixedRate(
                  () -> {
                    for (int i = 0; i < 64 && stream.isActive() && stream.isWritable(); i++) {
                      sent.addAndGet(block.length);
                      var _ =
                          stream.writeAndFlush(
                              new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(block), false));
                    }
                  },
                  0,
                  1,
                  TimeUnit.MILLISECONDS);
      long taken = Standstill.of("the other side takes no more", sent::get);
      pump.cancel(false);
      if (!stream.isActive()) {
        throw new AssertionError("the stream has ended: " + collecting.result);
      }
      return taken;
    }

    void end(String body) {
      write(body, true);
    }

    private void write(String body, boolean end) {
      var _ =
          stream.writeAndFlush(
              new DefaultHttp2DataFrame(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8), end));
    }
  }

  /// A client on one connection.
  static final class Client {
    private final Channel channel;
    final CompletableFuture<Boolean> goAway = new CompletableFuture<>();

    /// Makes the client's channel speak HTTP/2.
    Client(RawClient raw) throws Exception {
      channel = raw.channel();
      channel
          .eventLoop()
          .submit(() ->
              withoutRaw(channel)
                  .addLast(
                      Http2FrameCodecBuilder.forClient()
                          .validateHeaders(false)
                          // A fourth of the connection's: one stream does not stop the others.
                          .initialSettings(
                              Http2Settings.defaultSettings().initialWindowSize(16 << 10))
                          .build(),
                      new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
                      new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                          if (message instanceof Http2GoAwayFrame) {
                            goAway.complete(true);
                          }
                          ReferenceCountUtil.release(message);
                        }
                      }))
          .get();
    }

    /// Sends the head of a request whose body follows.
    Call open(Http2Headers head) throws Exception {
      var result = new CompletableFuture<Answer>();
      var collecting = new Collecting(result);
      Http2StreamChannel stream =
          new Http2StreamChannelBootstrap(channel).handler(collecting).open().get();
      var _ = stream.writeAndFlush(new DefaultHttp2HeadersFrame(head, false));
      return new Call(stream, collecting);
    }

    private static ChannelPipeline withoutRaw(Channel channel) {
      channel.pipeline().removeFirst();
      return channel.pipeline();
    }

    /// Sends a request with a body and trailers, or without.
    CompletableFuture<Answer> send(
        Http2Headers head, @Nullable String body, @Nullable Http2Headers trailers)
        throws Exception {
      var result = new CompletableFuture<Answer>();
      Http2StreamChannel stream =
          new Http2StreamChannelBootstrap(channel).handler(new Collecting(result)).open().get();
      var _ = stream.writeAndFlush(new DefaultHttp2HeadersFrame(head, body == null));
      if (body != null) {
        var _ =
            stream.writeAndFlush(
                new DefaultHttp2DataFrame(
                    Unpooled.copiedBuffer(body, StandardCharsets.UTF_8), trailers == null));
      }
      if (trailers != null) {
        var _ = stream.writeAndFlush(new DefaultHttp2HeadersFrame(trailers, true));
      }
      return result;
    }
  }

  static Http2Headers head(String method, String path) {
    return new DefaultHttp2Headers(false)
        .method(method)
        .scheme("http")
        .authority("a.shop")
        .path(path);
  }

  private static final class Collecting extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<Answer> result;
    private final StringBuilder body = new StringBuilder();
    private @Nullable Http2Headers headers;

    Collecting(CompletableFuture<Answer> result) {
      this.result = result;
    }

    synchronized String bodyNow() {
      return body.toString();
    }

    private synchronized void add(String part) {
      body.append(part);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2HeadersFrame frame) {
        Http2Headers before = headers;
        if (before == null) {
          headers = frame.headers();
          before = frame.headers();
          finish(frame.isEndStream(), before, null);
        } else {
          finish(frame.isEndStream(), before, frame.headers());
        }
      } else if (message instanceof Http2DataFrame frame) {
        add(frame.content().toString(StandardCharsets.UTF_8));
        Http2Headers before = headers;
        if (before != null) {
          finish(frame.isEndStream(), before, null);
        }
        frame.release();
      }
    }

    private void finish(boolean end, Http2Headers first, @Nullable Http2Headers trailers) {
      if (end) {
        result.complete(new Answer(first, bodyNow(), trailers));
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof Http2ResetFrame reset) {
        result.completeExceptionally(new IllegalStateException("reset " + reset.errorCode()));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      result.completeExceptionally(new IllegalStateException("closed"));
    }
  }
}
