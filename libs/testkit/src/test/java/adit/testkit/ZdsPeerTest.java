package adit.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.Netns;
import adit.linux.NetnsId;
import adit.linux.Packet;
import adit.linux.SeqPacketSocket;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
final class ZdsPeerTest {
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final ZdsPeer.Pod POD = new ZdsPeer.Pod("web-1", "shop", "web");

  @TempDir private Path directory;
  private ZdsPeer agent;
  private SeqPacketSocket proxy;
  private ZdsPeer.Session session;

  @BeforeEach
  void connect() throws IOException {
    Path path = directory.resolve("ztunnel.sock");
    agent = ZdsPeer.listen(path, Duration.ofMillis(200));
    proxy = SeqPacketSocket.connect(path, SOON);
    proxy.send(bytes("0801"));
    session = agent.accept();
  }

  @AfterEach
  void close() {
    session.close();
    proxy.close();
    agent.close();
  }

  @Test
  void add_namespace_arrivesWithItsDescriptor() throws Exception {
    CompletableFuture<Packet> seen = new CompletableFuture<>();
    FutureTask<Object> answering =
        new FutureTask<>(() -> {
          seen.complete(proxy.receive(SOON, ZdsPeer.LONGEST));
          proxy.send(bytes("0a00"));
          return "";
        });
    Thread thread = new Thread(answering);
    thread.start();
    NetnsId mine;
    try (Netns netns = Netns.current()) {
      mine = netns.id();
      assertThat(session.add("u", POD, netns).getError()).isEmpty();
    }
    thread.join();
    Packet packet = seen.get(5, TimeUnit.SECONDS);
    assertThat(HexFormat.of().formatHex(packet.data()))
        .isEqualTo("0a170a017512120a057765622d31120473686f701a03776562");
    try (Netns received = Netns.ofFd(packet.fds().getFirst())) {
      assertThat(received.id()).isEqualTo(mine);
    }
  }

  @Test
  void snapshotSent_onTheWire_isWhatTheProtocolSays() throws Exception {
    proxy.send(bytes("0a050a03626164"));
    assertThat(session.snapshotSent().getError()).isEqualTo("bad");
    assertThat(proxy.receive(SOON, ZdsPeer.LONGEST).data()).isEqualTo(bytes("1a00"));
  }

  @Test
  void answer_none_timesOutOrEnds() throws Exception {
    assertThatThrownBy(session::answer).isInstanceOf(SocketTimeoutException.class);
    proxy.close();
    assertThatThrownBy(session::answer).isInstanceOf(EOFException.class);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }
}
