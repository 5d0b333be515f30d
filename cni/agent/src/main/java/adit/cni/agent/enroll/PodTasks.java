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

  /// A piece of work with a result, which may be there before the work has ended.
  ///
  /// @param <T> the result
  @FunctionalInterface
  interface Question<T> {
    /// Does the work and completes the answer.
    void answer(CompletableFuture<T> answer) throws InterruptedException;
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

  /// Queues a task whose result is waited for; a mistake is told to whoever waits, too.
  <T> CompletableFuture<T> ask(String uid, Question<T> question) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    submit(
        uid,
        () -> {
          try {
            question.answer(answer);
          } catch (InterruptedException | RuntimeException | Error e) {
            answer.completeExceptionally(e);
            throw e;
          }
        });
    return answer;
  }

  /// Never fails: what a task throws must not keep the pod's next task from running.
  private void run(Task task) {
    try {
      task.run();
    } catch (InterruptedException e) {
      // The agent ends.
      Thread.currentThread().interrupt();
    } catch (Throwable e) {
      mistakes.accept(e);
    }
  }
}
