package adit.telemetry;

import java.util.List;
import java.util.TreeMap;

/// Which tasks a program still waits for before it is ready, by name, as `/healthz/ready` tells.
/// Safe on every thread.
public final class Readiness {
  private final TreeMap<String, Integer> pending = new TreeMap<>();

  /// Registers a task that is not done yet. A name may be pending several times.
  public Task pending(String name) {
    synchronized (pending) {
      pending.merge(name, 1, Integer::sum);
    }
    return new Task(name);
  }

  public boolean isReady() {
    synchronized (pending) {
      return pending.isEmpty();
    }
  }

  /// The names of the tasks that are not done, sorted.
  public List<String> pendingTasks() {
    synchronized (pending) {
      return List.copyOf(pending.keySet());
    }
  }

  /// `ready\n` with 200, or `not ready, pending: a, b\n` with 500; GET only.
  public AdminRoute route() {
    return request -> {
      if (!request.method().equals("GET")) {
        return AdminResponse.text(405, "Invalid HTTP method");
      }
      List<String> tasks = pendingTasks();
      return tasks.isEmpty()
          ? AdminResponse.text(200, "ready\n")
          : AdminResponse.text(500, "not ready, pending: " + String.join(", ", tasks) + "\n");
    };
  }

  private void done(String name) {
    synchronized (pending) {
      pending.computeIfPresent(name, (_, count) -> count == 1 ? null : count - 1);
    }
  }

  /// One pending task. Done once; later calls do nothing.
  public final class Task implements AutoCloseable {
    private final String name;
    private boolean done;

    private Task(String name) {
      this.name = name;
    }

    public synchronized void done() {
      if (!done) {
        done = true;
        Readiness.this.done(name);
      }
    }

    /// The same as [#done].
    @Override
    public void close() {
      done();
    }
  }
}
