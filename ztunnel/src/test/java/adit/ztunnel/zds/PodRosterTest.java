package adit.ztunnel.zds;

import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.FileDescriptors;
import adit.linux.Netns;
import adit.ztunnel.view.LocalPod;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PodRosterTest {
  private final List<String> calls = new ArrayList<>();
  private final Set<String> failing = new HashSet<>();
  private final List<Netns> kept = new ArrayList<>();
  private final PodRoster roster =
      new PodRoster(
          new Pods() {
            @Override
            public void start(LocalPod pod, Netns netns) throws PodStartException {
              calls.add("start " + pod.uid());
              if (failing.contains(pod.uid())) {
                throw new PodStartException("no ports", new IOException("in use"));
              }
              kept.add(netns);
            }

            @Override
            public void stop(String uid) {
              calls.add("stop " + uid);
            }
          });

  @AfterEach
  void closeNamespaces() {
    kept.forEach(Netns::close);
  }

  private static Netns here() throws IOException {
    return Netns.current();
  }

  private static ZdsMessage add(String uid) {
    return new ZdsMessage.Add(new LocalPod(uid, uid, "default", "sa"));
  }

  private PodRoster.Answer send(ZdsMessage message) throws IOException {
    return roster.apply(message, message instanceof ZdsMessage.Add ? here() : null);
  }

  private void snapshot() throws IOException {
    assertThat(send(new ZdsMessage.SnapshotSent())).isEqualTo(PodRoster.Answer.OK);
  }

  @Test
  void add_startsAndSnapshotMakesReady() throws IOException {
    roster.connected();
    assertThat(send(add("a"))).isEqualTo(PodRoster.Answer.OK);
    assertThat(roster.ready()).isFalse();
    snapshot();

    assertThat(roster.ready()).isTrue();
    assertThat(calls).containsExactly("start a");
  }

  @Test
  void add_ofSamePodAndNamespaceAgain_doesNothing() throws IOException {
    roster.connected();
    send(add("a"));

    assertThat(send(add("a"))).isEqualTo(PodRoster.Answer.OK);
    assertThat(calls).containsExactly("start a");
  }

  @Test
  void add_withOtherNamespace_replacesThePod() throws Exception {
    roster.connected();
    send(add("a"));
    Process other = new ProcessBuilder("unshare", "-n", "cat").start();
    try {
      Netns netns = otherThanOurs(other);
      assertThat(roster.apply(add("a"), netns)).isEqualTo(PodRoster.Answer.OK);
    } finally {
      other.destroy();
    }

    assertThat(calls).containsExactly("start a", "stop a", "start a");
  }

  private static Netns otherThanOurs(Process process) throws IOException {
    var ours = here();
    for (int i = 0; i < 500; i++) {
      Netns netns = Netns.open(Path.of("/proc/" + process.pid() + "/ns/net"));
      if (!netns.id().equals(ours.id())) {
        ours.close();
        return netns;
      }
      netns.close();
      LockSupport.parkNanos(10_000_000);
    }
    throw new IOException("unshare did not make a namespace");
  }

  @Test
  void add_thatCannotStart_isRefusedKeptAndTriedAgain() throws IOException {
    roster.connected();
    failing.add("bad");
    assertThat(send(add("bad")).error()).contains("default/bad").contains("no ports");
    send(add("good"));
    snapshot();
    assertThat(roster.pendingCount()).isEqualTo(1);
    assertThat(roster.ready()).as("one bad pod does not fail the node").isTrue();

    failing.clear();
    roster.retry();

    assertThat(roster.pendingCount()).isZero();
    assertThat(roster.runningCount()).isEqualTo(2);
  }

  @Test
  void ready_whenNothingButPendingPods_isFalse() throws IOException {
    roster.connected();
    failing.add("bad");
    send(add("bad"));
    snapshot();

    assertThat(roster.ready()).isFalse();
  }

  @Test
  void add_ofAFileThatIsNoNamespace_isRefusedOnly() throws IOException {
    roster.connected();
    try (var file = FileChannel.open(Path.of("/dev/null"))) {
      int fd = FileDescriptors.dup(fdOf(file));
      assertThat(roster.apply(add("a"), Netns.ofFd(fd)).error())
          .contains("not a network namespace");
    }
    assertThat(roster.pendingCount()).isZero();
    assertThat(calls).isEmpty();
  }

  private static int fdOf(FileChannel file) throws IOException {
    // The JDK does not tell numbers; the newest link to /dev/null is it.
    assertThat(file.isOpen()).isTrue();
    try (var links = Files.list(Path.of("/proc/self/fd"))) {
      return links
          .filter(PodRosterTest::isDevNull)
          .mapToInt(link -> Integer.parseInt(link.getFileName().toString()))
          .max()
          .orElseThrow();
    }
  }

  private static boolean isDevNull(Path link) {
    try {
      return Files.readSymbolicLink(link).toString().equals("/dev/null");
    } catch (IOException _) {
      return false;
    }
  }

  @Test
  void snapshot_stopsWhatWasNotNamed() throws IOException {
    roster.connected();
    send(add("a"));
    send(add("b"));
    send(add("c"));
    snapshot();
    roster.disconnected();
    assertThat(roster.ready()).isFalse();

    roster.connected();
    send(add("a"));
    send(new ZdsMessage.Keep("b"));
    snapshot();

    assertThat(calls).containsExactly("start a", "start b", "start c", "stop c");
    assertThat(roster.runningCount()).isEqualTo(2);
  }

  @Test
  void del_beforeTheSnapshot_stopsAtTheSnapshot() throws IOException {
    roster.connected();
    send(add("a"));
    send(new ZdsMessage.Del("a"));
    assertThat(calls).containsExactly("start a");
    snapshot();

    assertThat(calls).containsExactly("start a", "stop a");
  }

  @Test
  void del_afterTheSnapshot_stopsAtOnce() throws IOException {
    roster.connected();
    send(add("a"));
    snapshot();

    assertThat(send(new ZdsMessage.Del("a"))).isEqualTo(PodRoster.Answer.OK);
    assertThat(calls).containsExactly("start a", "stop a");
  }

  @Test
  void del_beforeAdd_isAcknowledged() throws IOException {
    roster.connected();
    snapshot();

    assertThat(send(new ZdsMessage.Del("never"))).isEqualTo(PodRoster.Answer.OK);
  }

  @Test
  void del_ofPendingPod_forgetsIt() throws IOException {
    roster.connected();
    failing.add("a");
    send(add("a"));
    send(new ZdsMessage.Del("a"));

    assertThat(roster.pendingCount()).isZero();
  }

  @Test
  void secondSnapshot_endsTheConnection() throws IOException {
    roster.connected();
    snapshot();

    PodRoster.Answer answer = send(new ZdsMessage.SnapshotSent());
    assertThat(answer.inStep()).isFalse();
    assertThat(answer.error()).contains("second snapshot");
  }

  @Test
  void keep_afterTheSnapshot_endsTheConnection() throws IOException {
    roster.connected();
    snapshot();

    assertThat(send(new ZdsMessage.Keep("a")).inStep()).isFalse();
  }
}
