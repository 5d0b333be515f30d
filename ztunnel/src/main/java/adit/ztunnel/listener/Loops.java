package adit.ztunnel.listener;

import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// The event loops that carry traffic, and how many connections each has.
///
/// A connection stays on the loop that accepted it, which saves a wake-up, unless that loop is
/// clearly busier than another: long-lived tunnels must not pile up on one.
public final class Loops {
  private static final int SLACK = 2;

  private final List<EventLoop> loops;
  private final List<AtomicInteger> load;
  private final AtomicInteger turn = new AtomicInteger();

  public Loops(List<EventLoop> loops) {
    this.loops = List.copyOf(loops);
    this.load = loops.stream().map(_ -> new AtomicInteger()).toList();
  }

  public List<EventLoop> all() {
    return loops;
  }

  /// Loops in turn, for acceptors.
  public EventLoop next() {
    return loops.get(Math.floorMod(turn.getAndIncrement(), loops.size()));
  }

  /// Chooses for a connection accepted on `here`; whoever chose calls [Seat#leave()] when it ended.
  Seat choose(EventLoop here) {
    int mine = Math.max(0, loops.indexOf(here));
    int least = mine;
    for (int i = 0; i < loops.size(); i++) {
      if (load.get(i).get() + SLACK <= load.get(least).get()) {
        least = i;
      }
    }
    load.get(least).incrementAndGet();
    return new Seat(loops.get(least), load.get(least));
  }

  /// A connection's place on a loop.
  record Seat(EventLoop loop, AtomicInteger load) {
    void leave() {
      load.decrementAndGet();
    }
  }
}
