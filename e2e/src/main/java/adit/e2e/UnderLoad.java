package adit.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A change while requests are sent from before it until after it.
///
/// @param loads all of them
/// @param before how long they have gone on when the change begins
/// @param after how long they go on when the change is done: what it breaks may break late
record UnderLoad(List<Load> loads, Duration before, Duration after) {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(60);
  private static final Duration BEFORE = Duration.ofSeconds(1);
  private static final Duration AFTER = Duration.ofSeconds(3);

  UnderLoad {
    loads = List.copyOf(loads);
  }

  /// A change.
  interface Change {
    void make() throws Exception;
  }

  /// Requests from `ratings` to the shop's page, one loop for each mode.
  static UnderLoad of(Cluster cluster, String... modes) throws Exception {
    return at(cluster, Entering.WEB, List.of(), modes);
  }

  /// Requests from `ratings` to another page.
  ///
  /// @param more options of the sample's client
  static UnderLoad at(Cluster cluster, String url, List<String> more, String... modes)
      throws Exception {
    List<Load> loads = new ArrayList<>();
    for (String mode : modes) {
      loads.add(cluster.load("ratings", url, mode, more));
    }
    return new UnderLoad(loads, BEFORE, AFTER);
  }

  /// All three modes: new connections, one that is kept alive, and a fixed rate.
  static UnderLoad all(Cluster cluster) throws Exception {
    return of(cluster, "new", "keepalive", "open");
  }

  /// The same for longer.
  UnderLoad within(Duration first, Duration last) {
    return new UnderLoad(loads, first, last);
  }

  /// Makes the change.
  ///
  /// @return the loops' results
  /// @throws JourneyFailed a request failed, or a loop was not there from the first moment of the
  ///   change to the last
  String during(Change change) throws Exception {
    try {
      for (Load load : loads) {
        var first = CompletableFuture.anyOf(load.started(), load.result());
        if (!within(START, first) || !load.started().isDone()) {
          throw new JourneyFailed("a loop did not start: " + said(load));
        }
      }
      TimeUnit.NANOSECONDS.sleep(before.toNanos());
      change.make();
      TimeUnit.NANOSECONDS.sleep(after.toNanos());
      for (Load load : loads) {
        if (load.result().isDone()) {
          throw new JourneyFailed("a loop ended before the change did: " + said(load));
        }
      }
    } finally {
      for (Load load : loads) {
        load.stop().now();
      }
    }
    return results();
  }

  private String results() throws Exception {
    List<String> results = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (Load load : loads) {
      if (!within(END, load.result())) {
        failures.add("a loop did not end when it was told to");
        continue;
      }
      try {
        results.add(load.result().join().flawless());
      } catch (JourneyFailed e) {
        failures.add(String.valueOf(e.getMessage()));
      }
    }
    if (!failures.isEmpty()) {
      throw new JourneyFailed(String.join("; ", failures));
    }
    return String.join("; ", results);
  }

  private static boolean within(Duration limit, CompletableFuture<?> future)
      throws InterruptedException {
    try {
      var _ = future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true; // whoever looks at the result sees it
    }
  }

  private static String said(Load load) {
    return load.result().isDone()
        ? load.result()
            .handle((result, failure) -> String.valueOf(result == null ? failure : result))
            .join()
        : "nothing within " + START.toSeconds() + " s";
  }
}
