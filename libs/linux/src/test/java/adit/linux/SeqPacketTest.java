package adit.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
final class SeqPacketTest {
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final Duration NOW = Duration.ofMillis(20);

  @TempDir private Path directory;
  private Path path;
  private SeqPacketListener listener;
  private SeqPacketSocket client;
  private SeqPacketSocket server;

  @BeforeEach
  void connect() throws IOException {
    path = directory.resolve("zds.sock");
    listener = SeqPacketListener.bind(path, 0600);
    client = SeqPacketSocket.connect(path, SOON);
    server = listener.accept(SOON);
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
    listener.close();
  }

  @Test
  void receive_twoMessages_keepsTheirBounds() throws IOException {
    client.send(bytes("one"));
    client.send(bytes("two more"));
    assertThat(server.receive(SOON, 1024).data()).isEqualTo(bytes("one"));
    assertThat(server.receive(SOON, 1024).data()).isEqualTo(bytes("two more"));
    server.send(bytes("back"));
    assertThat(client.receive(SOON, 1024).data()).isEqualTo(bytes("back"));
  }

  @Test
  void receive_namespaceDescriptor_isTheSameNamespaceAndClosedOnExec() throws IOException {
    try (Netns mine = Netns.current()) {
      client.send(bytes("add"), mine.fd());
      Packet packet = server.receive(SOON, 1024);
      assertThat(packet.truncated()).isFalse();
      assertThat(packet.fds()).hasSize(1);
      try (Netns received = Netns.ofFd(packet.fds().getFirst())) {
        assertThat(received.fd()).isNotEqualTo(mine.fd());
        assertThat(received.isNetns()).isTrue();
        assertThat(received.id()).isEqualTo(mine.id());
        String flags = Files.readString(Path.of("/proc/self/fdinfo/" + received.fd()));
        assertThat(flags).containsPattern("flags:\\s+0?2[0-7]{6}");
      }
    }
  }

  @Test
  void receive_descriptorsTowardsTheClient_areAsSent() throws IOException {
    try (Netns mine = Netns.current()) {
      server.send(bytes("three"), mine.fd(), mine.fd(), mine.fd());
      Packet packet = client.receive(SOON, 1024);
      assertThat(packet.fds()).hasSize(3).doesNotHaveDuplicates();
      packet.closeFds();
    }
  }

  @Test
  void receive_longerThanRoom_isMarkedAsTruncated() throws IOException {
    client.send(new byte[1025]);
    Packet packet = server.receive(SOON, 1024);
    assertThat(packet.truncated()).isTrue();
    assertThat(packet.data()).hasSize(1024);
  }

  @Test
  void receive_moreDescriptorsThanRoom_isMarkedAsTruncatedAndLeaksNone() throws IOException {
    long before = ProcessLimits.openFileCount();
    try (Netns mine = Netns.current()) {
      int[] many = IntStream.generate(mine::fd).limit(SeqPacketSocket.MAX_FDS + 4L).toArray();
      client.send(bytes("many"), many);
      Packet packet = server.receive(SOON, 1024);
      assertThat(packet.truncated()).isTrue();
      assertThat(packet.fds()).hasSize(SeqPacketSocket.MAX_FDS);
      packet.closeFds();
    }
    assertThat(ProcessLimits.openFileCount()).isEqualTo(before);
  }

  @Test
  void receive_noDescriptorIsFree_isMarkedAsTruncatedAndWorksAgainLater() throws IOException {
    try (Netns mine = Netns.current()) {
      client.send(bytes("first"), mine.fd());
      client.send(bytes("second"), mine.fd());
      List<Integer> all = new ArrayList<>();
      ProcessLimits.OpenFiles before = ProcessLimits.openFiles();
      ProcessLimits.setOpenFiles(Math.min(1024, before.soft()));
      try {
        assertThatThrownBy(
                () -> {
                  while (true) {
                    all.add(FileDescriptors.dup(mine.fd()));
                  }
                })
            .hasMessage("duplicate fd " + mine.fd() + ": EMFILE, Too many open files");
        Packet packet = server.receive(SOON, 1024);
        assertThat(packet.truncated()).isTrue();
        assertThat(packet.fds()).isEmpty();
      } finally {
        all.forEach(FileDescriptors::close);
        ProcessLimits.setOpenFiles(before.soft());
      }
      Packet packet = server.receive(SOON, 1024);
      assertThat(packet.truncated()).isFalse();
      packet.closeFds();
    }
  }

  @Test
  void receive_emptyMessage_isNoEnd() throws IOException {
    client.send(new byte[0]);
    assertThat(server.receive(SOON, 1024).data()).isEmpty();
  }

  @Test
  void receive_peerClosed_givesWhatWasSentThenTheEnd() throws IOException {
    client.send(bytes("last"));
    client.close();
    assertThat(server.receive(SOON, 1024).data()).isEqualTo(bytes("last"));
    assertThatThrownBy(() -> server.receive(SOON, 1024)).isInstanceOf(EOFException.class);
  }

  @Test
  void receive_silence_timesOut() {
    assertThatThrownBy(() -> server.receive(NOW, 1024))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("receive from " + path + ": nothing within 20 ms");
  }

  @Test
  void receive_closedByAnotherThread_wakes() throws Exception {
    assertWakes(() -> server.receive(Duration.ofMinutes(1), 1024), server::close);
  }

  @Test
  void accept_closedByAnotherThread_wakes() throws Exception {
    assertWakes(() -> listener.accept(Duration.ofMinutes(1)), listener::close);
  }

  @Test
  void accept_nobody_timesOut() {
    assertThatThrownBy(() -> listener.accept(NOW)).isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void send_peerReadsNothing_timesOut() throws IOException {
    byte[] data = new byte[60_000];
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 1000; i++) {
                client.send(NOW, data);
              }
            })
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void send_peerIsGone_saysBrokenPipe() {
    server.close();
    assertThatThrownBy(() -> client.send(bytes("x")))
        .isInstanceOf(LinuxException.class)
        .hasMessage("send to " + path + ": EPIPE, Broken pipe");
  }

  @Test
  void send_badDescriptor_saysSo() {
    assertThatThrownBy(() -> client.send(bytes("x"), 1_000_000))
        .isInstanceOf(LinuxException.class)
        .hasMessageEndingWith("EBADF, Bad file descriptor");
  }

  @Test
  void send_afterClose_isRefused() {
    client.close();
    assertThatThrownBy(() -> client.send(bytes("x"))).isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void peer_isThisProcess() throws IOException {
    assertThat(server.peerPid()).isEqualTo((int) ProcessHandle.current().pid());
    assertThat(client.peer().uid()).isEqualTo(Files.getAttribute(directory, "unix:uid"));
  }

  @Test
  void bind_overTheFileOfADeadListener_replacesIt() throws IOException {
    Path copy = directory.resolve("stale.sock");
    Files.move(path, copy);
    try (SeqPacketListener again = SeqPacketListener.bind(copy, 0666)) {
      assertThat(Files.getPosixFilePermissions(copy))
          .isEqualTo(PosixFilePermissions.fromString("rw-rw-rw-"));
      try (SeqPacketSocket socket = SeqPacketSocket.connect(copy, SOON)) {
        again.accept(SOON).close();
        assertThat(socket.isClosed()).isFalse();
      }
    }
    assertThat(copy).doesNotExist();
  }

  @Test
  void bind_overARegularFile_isRefused() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> SeqPacketListener.bind(file, 0600))
        .hasMessage("bind " + file + ": EADDRINUSE, Address already in use");
  }

  @Test
  void bind_pathLongerThanTheKernelTakes_saysHowLong() {
    Path longPath = directory.resolve("x".repeat(120));
    assertThatThrownBy(() -> SeqPacketListener.bind(longPath, 0600))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected: 1 to 107 bytes");
  }

  @Test
  void connect_nobodyListens_saysSo() {
    listener.close();
    assertThatThrownBy(() -> SeqPacketSocket.connect(path, SOON))
        .hasMessage("connect to " + path + ": ENOENT, No such file or directory");
  }

  private static void assertWakes(Callable<?> blocking, Runnable close) throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    FutureTask<Object> waiting =
        new FutureTask<>(() -> {
          started.countDown();
          return blocking.call();
        });
    Thread thread = new Thread(waiting);
    thread.start();
    assertThat(started.await(5, TimeUnit.SECONDS)).isTrue();
    close.run();
    assertThatThrownBy(() -> waiting.get(5, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(ClosedChannelException.class);
    thread.join();
  }

  private static byte[] bytes(String text) {
    return Arrays.copyOf(text.getBytes(UTF_8), text.length());
  }
}
