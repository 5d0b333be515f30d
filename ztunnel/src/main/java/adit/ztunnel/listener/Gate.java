package adit.ztunnel.listener;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/// A bound on how many of something may be at one time. Acceptors stop reading while it is full, so
/// that what is too much waits in the kernel's queue instead of in this process.
///
/// Thread-safe. The bound may be overshot by one per event loop: permits are counted after
/// `accept`.
public final class Gate {
  /// Told once per change, on the thread that caused it.
  public interface Listener {
    void closed(Gate gate);

    void opened(Gate gate);
  }

  // Opens again below seven eighths, so that one release does not cause one accept and a log line.
  private static final double REOPEN = 0.875;

  private final String name;
  private final int capacity;
  private final int reopenAt;
  private final Listener listener;
  private final AtomicInteger used = new AtomicInteger();
  private final AtomicBoolean full = new AtomicBoolean();
  private final LongAdder closings = new LongAdder();
  private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();

  public Gate(String name, int capacity, Listener listener) {
    this.name = name;
    this.capacity = capacity;
    this.reopenAt = Math.max(0, Math.min(capacity - 1, (int) (capacity * REOPEN)));
    this.listener = listener;
  }

  public String name() {
    return name;
  }

  public int capacity() {
    return capacity;
  }

  public int used() {
    return used.get();
  }

  /// How often it became full.
  public long closings() {
    return closings.sum();
  }

  public boolean isFull() {
    return full.get();
  }

  public void acquire() {
    if (used.incrementAndGet() >= capacity && full.compareAndSet(false, true)) {
      closings.increment();
      listener.closed(this);
      reopenIfLow();
    }
  }

  public void release() {
    used.decrementAndGet();
    reopenIfLow();
  }

  /// Runs `resume` when there is room; at once when there is room already.
  public void whenOpen(Runnable resume) {
    waiting.add(resume);
    if (!full.get()) {
      drain();
    }
  }

  private void reopenIfLow() {
    if (full.get() && used.get() <= reopenAt && full.compareAndSet(true, false)) {
      listener.opened(this);
      drain();
    }
  }

  private void drain() {
    for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
      next.run();
    }
  }
}
