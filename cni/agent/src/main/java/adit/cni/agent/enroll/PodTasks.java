package adit.cni.agent.enroll;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// Runs tasks so that those of one pod follow one another and those of different pods do not wait
/// for each other.
public final class PodTasks {
  /// A piece of work for a pod; may block.
  @FunctionalInterface
  interface Task {
    /// Does it.
    void run() throws InterruptedException;
  }

  private final ConcurrentHashMap<String, CompletableFuture<Void>> last = new ConcurrentHashMap<>();
  private final Executor threads;
  private final Consumer<Throwable> mistakes;

  /// @param threads platform threads
  /// @param mistakes hears of exceptions that tasks do not handle
  public PodTasks(Executor threads, Consumer<Throwable> mistakes) {
    this.threads = threads;
    this.mistakes = mistakes;
  }

  /// Queues a task behind the pod's others.
  void submit(String uid, Task task) {
    CompletableFuture<Void> queued =
        last.compute(
            uid,
            (key, before) -> {
              CompletableFuture<Void> start =
                  before == null ? CompletableFuture.completedFuture(null) : before;
              return start.thenRunAsync(() -> run(task), threads);
            });
    var _ = queued.thenRun(() -> last.remove(uid, queued));
  }

  private void run(Task task) {
    try {
      task.run();
    } catch (InterruptedException e) {
      // The agent ends.
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      mistakes.accept(e);
    }
  }
}
