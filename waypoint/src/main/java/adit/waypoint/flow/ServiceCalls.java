package adit.waypoint.flow;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.WaypointConfig.TraceExport;
import adit.model.Service;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Picked;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSink;
import adit.waypoint.message.ResponseReceiver;
import adit.waypoint.message.StreamFailure;
import adit.waypoint.observe.Party;
import adit.waypoint.route.Reached;
import adit.waypoint.trace.Courier;
import adit.waypoint.upstream.Destination;
import adit.waypoint.upstream.UpstreamPool;
import adit.waypoint.view.Board;
import adit.waypoint.view.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetSocketAddress;
import java.time.Duration;
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
    Answer answer = new Answer();
    EventLoop loop = pools.keySet().iterator().next();
    loop.execute(() -> send(loop, to, path, headers, body, answer));
    return answer.taken;
  }

  private void send(
      EventLoop loop,
      TraceExport to,
      String path,
      HttpHeaders headers,
      byte[] body,
      Answer answer) {
    Snapshot snapshot = board.now();
    Service service = snapshot.mesh().service(to.service());
    UpstreamPool pool = pools.get(loop);
    if (service == null || pool == null) {
      answer.end(false);
      return;
    }
    boolean grpc = to.httpPath().isEmpty();
    int port = Ports.chosen(service, to.port(), to.port());
    var group = new Endpoints.Group(to.service(), port, "");
    TrafficPolicy policy = snapshot.l7().trafficOrNull(to.service());
    Settings settings = policy == null ? Settings.NONE : policy.effective("", port);
    if (!(endpoints.pick(snapshot, service, group, Set.of(), null) instanceof Picked.One one)) {
      answer.end(false);
      return;
    }
    headers.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    var head =
        new RequestMessage(
            "POST",
            "http",
            service.hostname() + ":" + port,
            path,
            headers,
            RequestMessage.Kind.PLAIN,
            grpc ? "HTTP/2" : "HTTP/1.1");
    Destination destination =
        Destinations.of(
            one.endpoint(),
            service,
            settings,
            Destination.Protocol.http(grpc),
            new Arrival(self, party, new Reached.OfService(service, port, null), self));
    Runnable giveUp =
        pool.send(
            destination,
            head,
            /* end= */ false,
            /* fresh= */ false,
            answer,
            sink -> {
              answer.sink = sink;
              sink.data(Unpooled.wrappedBuffer(body));
              sink.end(null);
              sink.flush();
            });
    limit(loop, answer, giveUp);
  }

  private static void limit(EventLoop loop, Answer answer, Runnable giveUp) {
    var timer =
        loop.schedule(
            () -> {
              RequestSink sent = answer.sink;
              if (sent == null) {
                giveUp.run();
              } else {
                sent.cancel();
              }
              answer.end(false);
            },
            PATIENCE.toMillis(),
            TimeUnit.MILLISECONDS);
    var _ = answer.taken.whenComplete((_, _) -> timer.cancel(false));
  }

  /// What a service says. On the call's event loop.
  private static final class Answer implements ResponseReceiver {
    private static final String GRPC_STATUS = "grpc-status";

    private final CompletableFuture<Boolean> taken = new CompletableFuture<>();
    private @Nullable RequestSink sink;
    private boolean good;

    void end(boolean wasTaken) {
      var _ = taken.complete(wasTaken);
    }

    @Override
    public void informational(int status, HttpHeaders headers) {}

    @Override
    public void head(int status, HttpHeaders headers, boolean end) {
      good = status / 100 == 2 && headers.get(GRPC_STATUS, "0").equals("0");
      if (end) {
        end(good);
      }
    }

    @Override
    public void switched(int status, HttpHeaders headers, Channel channel) {
      var _ = channel.close();
      end(false);
    }

    @Override
    public void data(ByteBuf bytes) {
      bytes.release();
    }

    @Override
    public void readComplete() {}

    @Override
    public void end(@Nullable HttpHeaders trailers) {
      end(good && (trailers == null || trailers.get(GRPC_STATUS, "0").equals("0")));
    }

    @Override
    public void failed(StreamFailure failure) {
      end(false);
    }

    @Override
    public void writabilityChanged() {}
  }
}
