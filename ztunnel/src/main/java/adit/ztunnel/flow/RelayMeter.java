package adit.ztunnel.flow;

import adit.hbone.Relay;
import adit.ztunnel.observe.Observed;
import io.netty.channel.EventLoop;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Brings byte counters of running relays up to date when somebody asks, so that moving bytes costs
/// nothing for them.
public final class RelayMeter {
  private record Running(Relay relay, Observed observed, boolean firstIsDownstream) {
    void update() {
      long first = relay.fromFirst();
      long second = relay.fromSecond();
      observed.progress(firstIsDownstream ? first : second, firstIsDownstream ? second : first);
    }
  }

  private final Map<EventLoop, Set<Running>> running = new ConcurrentHashMap<>();

  /// Counts a relay until it is done. On its event loop.
  void add(EventLoop loop, Relay relay, Observed observed, boolean firstIsDownstream) {
    Set<Running> here = running.computeIfAbsent(loop, _ -> new HashSet<>());
    var one = new Running(relay, observed, firstIsDownstream);
    here.add(one);
    var _ =
        relay
            .done()
            .addListener(_ -> {
              here.remove(one);
              one.update();
            });
  }

  /// Updates every counter; waits for the event loops no longer than `millis`.
  public void update(long millis) {
    var loops = List.copyOf(running.entrySet());
    var left = new CountDownLatch(loops.size());
    for (Map.Entry<EventLoop, Set<Running>> entry : loops) {
      entry
          .getKey()
          .execute(() -> {
            entry.getValue().forEach(Running::update);
            left.countDown();
          });
    }
    try {
      var _ = left.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
