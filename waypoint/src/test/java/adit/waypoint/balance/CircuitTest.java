package adit.waypoint.balance;

import static org.assertj.core.api.Assertions.assertThat;

import adit.l7.TrafficPolicy.ConnectionPool;
import adit.l7.TrafficPolicy.Upgrade;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class CircuitTest {
  private static final int THREADS = 4;
  private static final int REQUESTS = 100_000;

  private final Circuit circuit = new Circuit();
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger forgotten = new AtomicInteger();

  private static ConnectionPool pool(int connections, int pending, int requests) {
    return new ConnectionPool(
        connections, Duration.ZERO, pending, requests, 0, 0, Duration.ZERO, Upgrade.DEFAULT);
  }

  @Test
  void requestsOfSeveralThreads_areNeverMoreThanAllowed_andEachThatWaitsGoesOn() throws Exception {
    run(pool(1, THREADS, 0));
    assertThat(refused).as("refused, with room for all to wait").hasValue(0);
    assertThat(most).as("at once").hasValue(1);
  }

  @Test
  void requestsAboveTheLimitOfRequests_areRefused_andNeverMoreAreAtOnce() throws Exception {
    run(pool(0, 0, 1));
    assertThat(most).as("at once").hasValue(1);
  }

  private void run(ConnectionPool pool) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      threads.add(Thread.ofPlatform().start(() -> ask(pool)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(forgotten).as("that waited and were not told to go on").hasValue(0);
    assertThat(circuit.active()).isZero();
    assertThat(circuit.pending()).isZero();
  }

  private void ask(ConnectionPool pool) {
    Semaphore told = new Semaphore(0);
    for (int i = 0; i < REQUESTS && forgotten.get() == 0; i++) {
      switch (circuit.enter(pool, /* http2= */ false, told::release, Runnable::run)) {
        case ENTERED -> pass();
        case WAITS -> {
          if (isReleased(told)) {
            pass();
          } else {
            forgotten.incrementAndGet();
          }
        }
        case OVERFLOW -> refused.incrementAndGet();
      }
    }
  }

  private void pass() {
    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
    inside.decrementAndGet();
    circuit.leave();
  }

  private static boolean isReleased(Semaphore told) {
    try {
      return told.tryAcquire(5, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
