package adit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.topology.IpBatch;
import adit.linux.topology.NamedNetns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class NetnsTest {
  private static final NamedNetns ONE = TestNetwork.named("netns-one");
  private static final NamedNetns TWO = TestNetwork.named("netns-two");

  @BeforeAll
  static void make() throws IOException {
    new IpBatch().netns(ONE).netns(TWO).apply();
  }

  @AfterAll
  static void remove() throws IOException {
    TestNetwork.delete(ONE, TWO);
  }

  @Test
  void call_isOver_threadIsWhereItWas() throws Exception {
    try (Netns before = Netns.current();
        Netns one = ONE.open()) {
      assertThat(one.<NetnsId, LinuxException>call(NetnsTest::here)).isEqualTo(one.id());
      assertThat(here()).isEqualTo(before.id());
    }
  }

  @Test
  void call_bodyThrows_threadIsWhereItWas() throws Exception {
    try (Netns before = Netns.current();
        Netns one = ONE.open()) {
      assertThatThrownBy(() ->
              one.call(() -> {
                throw new IOException("body");
              }))
          .isInstanceOf(IOException.class)
          .hasMessage("body");
      assertThat(here()).isEqualTo(before.id());
    }
  }

  @Test
  void call_withinCall_returnsToTheOuterNamespace() throws Exception {
    try (Netns one = ONE.open();
        Netns two = TWO.open()) {
      NetnsId outer =
          one.<NetnsId, LinuxException>call(() -> {
            assertThat(two.<NetnsId, LinuxException>call(NetnsTest::here)).isEqualTo(two.id());
            return here();
          });
      assertThat(outer).isEqualTo(one.id());
    }
  }

  @Test
  void call_otherThreads_stayOutside() throws Exception {
    try (Netns before = Netns.current();
        Netns one = ONE.open()) {
      AtomicReference<NetnsId> seen = new AtomicReference<>();
      Thread other = new Thread(() -> seen.set(hereUnchecked()));
      // Started before this thread enters: a thread inherits the namespace of the one that starts
      // it.
      other.start();
      one.<Object, InterruptedException>call(() -> {
        other.join();
        return "";
      });
      assertThat(seen.get()).isEqualTo(before.id());
    }
  }

  @Test
  void call_closedNamespace_saysSoAndDoesNotRunTheBody() throws Exception {
    Netns one = ONE.open();
    one.close();
    assertThatThrownBy(() -> one.call(() -> "ran"))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("enter network namespace fd ")
        .hasMessageEndingWith(": EBADF, Bad file descriptor");
  }

  @Test
  void call_fileThatIsNoNamespace_saysSo() throws Exception {
    try (Netns file = Netns.open(Path.of("/proc/self/status"))) {
      assertThat(file.isNetns()).isFalse();
      assertThatThrownBy(() -> file.call(() -> "ran"))
          .isInstanceOf(LinuxException.class)
          .hasMessageEndingWith("EINVAL, Invalid argument");
    }
  }

  @Test
  void call_virtualThread_isRefused() throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (Netns one = ONE.open()) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              one.call(() -> "ran");
            } catch (IllegalStateException | LinuxException e) {
              thrown.set(e);
            }
          })
          .join();
    }
    assertThat(thrown.get()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void open_missingPath_namesPathAndError() {
    assertThatThrownBy(() -> Netns.open(Path.of("/run/netns/adit-none")))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno().name()).isEqualTo("ENOENT"))
        .hasMessage(
            "open network namespace /run/netns/adit-none: ENOENT, No such file or directory");
  }

  @Test
  void id_twoDescriptorsOfOneNamespace_areEqual() throws Exception {
    try (Netns one = ONE.open();
        Netns again = Netns.ofFd(FileDescriptors.dup(one.fd()));
        Netns two = TWO.open()) {
      assertThat(one.isNetns()).isTrue();
      assertThat(again.id()).isEqualTo(one.id()).isNotEqualTo(two.id());
      assertThat(one.id().inode()).isEqualTo(Files.getAttribute(ONE.path(), "unix:ino"));
      assertThat(one.id().dev()).isEqualTo(Files.getAttribute(ONE.path(), "unix:dev"));
    }
  }

  @Test
  void sysctl_valueWrittenInOneNamespace_isNotSeenInAnother() throws Exception {
    try (Netns one = ONE.open();
        Netns two = TWO.open()) {
      Sysctl.write(one, "net.ipv4.tcp_migrate_req", "1");
      assertThat(Sysctl.read(one, "net/ipv4/tcp_migrate_req")).isEqualTo("1");
      assertThat(Sysctl.read(two, "net.ipv4.tcp_migrate_req")).isEqualTo("0");
    }
  }

  @Test
  void sysctl_keyThatLeavesTheTree_isRefused() throws Exception {
    try (Netns one = ONE.open()) {
      assertThatThrownBy(() -> Sysctl.read(one, "../../etc/hostname"))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static NetnsId here() throws LinuxException {
    try (Netns current = Netns.current()) {
      return current.id();
    }
  }

  private static NetnsId hereUnchecked() {
    try {
      return here();
    } catch (LinuxException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
