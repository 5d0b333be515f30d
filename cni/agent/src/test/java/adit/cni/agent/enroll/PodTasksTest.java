package adit.cni.agent.enroll;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PodTasksTest {
  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
  private final PodTasks tasks = new PodTasks(threads, mistake -> said.add(mistake.toString()));

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  @Test
  void task_thatThrowsAnError_isSaidAndThePodsNextTaskRuns() throws Exception {
    tasks.submit(
        "uid",
        () -> {
          throw new LinkageError("a library is half there");
        });
    tasks.submit("uid", () -> said.add("the next"));

    assertThat(next()).contains("a library is half there");
    assertThat(next()).isEqualTo("the next");
  }

  @Test
  void tasks_ofOnePod_followOneAnother() throws Exception {
    for (int i = 0; i < 100; i++) {
      int number = i;
      tasks.submit("uid", () -> said.add("task " + number));
    }

    for (int i = 0; i < 100; i++) {
      assertThat(next()).isEqualTo("task " + i);
    }
  }

  private String next() throws InterruptedException {
    return String.valueOf(said.poll(10, TimeUnit.SECONDS));
  }
}
