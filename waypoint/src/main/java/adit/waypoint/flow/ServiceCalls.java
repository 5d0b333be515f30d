package adit.waypoint.flow;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.WaypointConfig.TraceExport;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Picked;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import adit.waypoint.message.WholeAnswer;
import adit.waypoint.observe.Party;
import adit.waypoint.route.Reached;
import adit.waypoint.trace.Courier;
import adit.waypoint.upstream.Destination;
import adit.waypoint.upstream.UpstreamPool;
import adit.waypoint.view.Board;
import adit.waypoint.view.Snapshot;
import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Calls of the waypoint's own to services: to an endpoint that is chosen as for any request,
/// through HBONE if it is in the mesh. Thread-safe.
public final class ServiceCalls implements Courier {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MOST_ANSWER = 1 << 20;
  private static final int MOST_ATTEMPTS = 2;

  private final Board board;
  private final Endpoints endpoints;
  private final Map<EventLoop, UpstreamPool> pools;
  private final InetSocketAddress self;
  private final Party party;

  /// @param pools one for each event loop
  /// @param self where calls come from
  /// @param party who we are
  public ServiceCalls(
      Board board,
      Endpoints endpoints,
      Map<EventLoop, UpstreamPool> pools,
      InetSocketAddress self,
      Party party) {
    this.board = board;
    this.endpoints = endpoints;
    this.pools = pools;
    this.self = self;
    this.party = party;
  }

  @Override
  public CompletionStage<Boolean> post(
      TraceExport to, String path, HttpHeaders headers, byte[] body) {
    boolean grpc = to.httpPath().isEmpty();
    var head =
        new RequestMessage(
            "POST",
            "http",
            "",
            path,
            headers,
            RequestMessage.Kind.PLAIN,
            grpc ? "HTTP/2" : "HTTP/1.1");
    EventLoop loop = pools.keySet().iterator().next();
    var call = new Call(loop, to.service(), to.port(), head, body);
    loop.execute(() -> call.start(PATIENCE));
    return call.answer.thenApply(ServiceCalls::isTaken);
  }

  private static boolean isTaken(WholeAnswer answer) {
    return answer instanceof WholeAnswer.Answered answered
        && answered.status() / 100 == 2
        && (answered.grpcStatus().isEmpty() || answered.grpcStatus().equals("0"));
  }

  /// Begins a call. On its event loop.
  ///
  /// @param loop of this class's pools
  /// @param port 0: the service's only one
  /// @param head its headers are owned; without an authority it is the service's own; its version
  ///   is spoken
  /// @param limit until the answer is whole
  Call call(
      EventLoop loop,
      NamespacedHostname service,
      int port,
      RequestMessage head,
      byte[] body,
      Duration limit) {
    var call = new Call(loop, service, port, head, body);
    call.start(limit);
    return call;
  }

  /// A call, which is made again if its first connection breaks before there is an answer: it had
  /// been kept too long, or its endpoint is on its way out. On its event loop.
  final class Call implements ResponseReceiver {
    private final EventLoop loop;
    private final NamespacedHostname name;
    private final int wanted;
    private final RequestMessage head;
    private final byte[] body;
    private final CompletableFuture<WholeAnswer> answer = new CompletableFuture<>();
    private final Set<String> tried = new HashSet<>(2);
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private @Nullable RequestSink sink;
    private @Nullable Runnable giveUp;
    private @Nullable HttpHeaders headers;
    private int status;
    private int attempts;

    private Call(
        EventLoop loop, NamespacedHostname name, int wanted, RequestMessage head, byte[] body) {
      this.loop = loop;
      this.name = name;
      this.wanted = wanted;
      this.head = head;
      this.body = body;
    }

    /// The answer, on the call's event loop.
    CompletionStage<WholeAnswer> answer() {
      return answer;
    }

    /// Nobody wants the answer any more.
    void cancel() {
      fail("cancelled");
    }

    private void start(Duration limit) {
      var timer =
          loop.schedule(
              () -> fail("no answer within " + limit.toMillis() + " ms"),
              limit.toMillis(),
              TimeUnit.MILLISECONDS);
      var _ = answer.whenComplete((_, _) -> timer.cancel(false));
      attempt();
    }

    private void attempt() {
      Snapshot snapshot = board.now();
      Service service = snapshot.mesh().service(name);
      UpstreamPool pool = pools.get(loop);
      if (service == null || pool == null) {
        fail("service " + name + " is not known");
        return;
      }
      int port = Ports.chosen(service, wanted, wanted);
      var group = new Endpoints.Group(name, port, "");
      TrafficPolicy policy = snapshot.l7().trafficOrNull(name);
      Settings settings = policy == null ? Settings.NONE : policy.effective("", port);
      switch (endpoints.pick(snapshot, service, group, tried, null)) {
        case Picked.None(var seen) -> fail(seen);
        case Picked.One one -> {
          attempts++;
          tried.add(one.endpoint().workload().uid());
          send(pool, service, port, settings, one);
        }
      }
    }

    private void send(
        UpstreamPool pool, Service service, int port, Settings settings, Picked.One one) {
      RequestMessage sent =
          head.authority().isEmpty()
              ? head.copy().withAuthority(service.hostname() + ":" + port)
              : head.copy();
      boolean empty = body.length == 0;
      if (!empty) {
        sent.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
      }
      boolean http2 =
          sent.version().equals("HTTP/2") || Ports.isHttp2(service, port, settings, sent.version());
      Destination destination =
          Destinations.of(
              one.endpoint(),
              service,
              settings,
              Destination.Protocol.http(http2),
              new Arrival(self, party, new Reached.OfService(service, port, null), self));
      giveUp =
          pool.send(
              destination,
              sent,
              empty,
              /* fresh= */ attempts > 1,
              this,
              to -> {
                sink = to;
                if (answer.isDone()) {
                  to.cancel();
                } else if (!empty) {
                  to.data(Unpooled.wrappedBuffer(body));
                  to.end(null);
                  to.flush();
                }
              });
    }

    private void fail(String why) {
      if (!answer.complete(new WholeAnswer.Failed(why))) {
        return;
      }
      RequestSink to = sink;
      Runnable waiting = giveUp;
      if (to != null) {
        to.cancel();
      } else if (waiting != null) {
        waiting.run();
      }
    }

    @Override
    public void informational(int code, HttpHeaders hints) {}

    @Override
    public void head(int code, HttpHeaders first, boolean end) {
      status = code;
      headers = first;
      if (end) {
        end(null);
      }
    }

    @Override
    public void switched(int code, HttpHeaders first, Channel channel) {
      var _ = channel.close();
      fail("it speaks another protocol");
    }

    @Override
    public void data(ByteBuf bytes) {
      if (received.size() + bytes.readableBytes() > MOST_ANSWER) {
        fail("an answer of more than " + MOST_ANSWER + " bytes");
      } else {
        received.writeBytes(ByteBufUtil.getBytes(bytes));
      }
      bytes.release();
    }

    @Override
    public void readComplete() {}

    @Override
    public void end(@Nullable HttpHeaders trailers) {
      HttpHeaders first = headers;
      if (first != null) {
        answer.complete(
            new WholeAnswer.Answered(
                status, first, ByteString.copyFrom(received.toByteArray()), trailers));
      }
    }

    @Override
    public void failed(StreamFailure failure) {
      if (!answer.isDone() && headers == null && attempts < MOST_ATTEMPTS) {
        sink = null;
        giveUp = null;
        attempt();
      } else {
        fail(failure.text());
      }
    }

    @Override
    public void writabilityChanged() {}
  }
}
