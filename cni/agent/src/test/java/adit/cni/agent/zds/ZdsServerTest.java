package adit.cni.agent.zds;

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
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The server against peers that are driven packet by packet; packets are written as they are on
/// the wire.
@Timeout(30)
final class ZdsServerTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofMillis(400);
  private static final String HELLO = "0801";
  private static final String OK = "0a00";
  private static final String SNAPSHOT_SENT = "1a00";

  @TempDir Path directory;

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final ZdsServer server =
      new ZdsServer(new ZdsServer.Limits(ANSWER, Duration.ofMillis(1)));
  private Netns netns;

  @BeforeEach
  void open() throws IOException {
    netns = Netns.current();
  }

  @AfterEach
  void close() {
    server.close();
    netns.close();
  }

  @Test
  void connect_withKnownPods_getsAddWithDescriptorKeepAndEnd() throws Exception {
    listen(List.of(pod("u1"), new ZdsPod("u2", "n", "ns", "sa", null)));
    NetnsId expected = netns.id();
    try (SeqPacketSocket peer = hello()) {
      Packet add = peer.receive(LIMIT, 1024);
      assertThat(hex(add))
          .isEqualTo("0a11" + "0a027531" + "120b" + "0a0170" + "12026e73" + "1a027361");
      try (Netns passed = Netns.ofFd(add.fds().getFirst())) {
        assertThat(passed.id()).isEqualTo(expected);
      }
      send(peer, OK);
      assertThat(hex(peer.receive(LIMIT, 1024))).isEqualTo("2a04" + "0a027532");
      send(peer, OK);
      assertThat(hex(peer.receive(LIMIT, 1024))).isEqualTo(SNAPSHOT_SENT);
      send(peer, OK);
      assertThat(event("synced")).isEqualTo("synced");
    }
  }

  @Test
  void awaySentence_tellsWhetherAProxyWasEverConnected() throws Exception {
    listen(List.of());
    assertThat(server.awaySentence()).isEqualTo("no ztunnel has connected to the node agent yet");

    synced().close();

    event("disconnected");
    assertThat(server.awaySentence())
        .isEqualTo(
            "no ztunnel is connected to the node agent, the last one left less than a minute ago");
  }

  @Test
  void send_beforeTheAnswer_waits() throws Exception {
    listen(List.of());
    try (SeqPacketSocket peer = synced()) {
      CompletableFuture<Answer> first = server.add(pod("u1"));
      CompletableFuture<Answer> second = server.add(pod("u2"));
      assertThat(hex(peer.receive(LIMIT, 1024))).contains("7531");
      assertThatThrownBy(() -> peer.receive(Duration.ofMillis(100), 1024))
          .isInstanceOf(SocketTimeoutException.class);
      send(peer, "0a050a03627573");

      assertThat(peer.receive(LIMIT, 1024).fds()).hasSize(1);
      send(peer, OK);

      assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Refused("bus"));
      assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());
    }
  }

  /// Who was told that there is no proxy withdraws the pod; a proxy that comes before that must not
  /// hear of it, or it would serve the pod for a moment.
  @Test
  void add_withoutAProxy_isNotInTheNextSnapshot() throws Exception {
    listen(List.of(pod("u1")));

    assertThat(server.add(pod("u1")).get()).isInstanceOf(Answer.NoProxy.class);
    assertThat(server.add(pod("u2")).get()).isInstanceOf(Answer.NoProxy.class);

    try (SeqPacketSocket peer = hello()) {
      assertThat(hex(peer.receive(LIMIT, 1024))).isEqualTo(SNAPSHOT_SENT);
    }
  }

  /// The number of a closed descriptor may be that of another pod's namespace by the time that the
  /// message goes out.
  @Test
  void namespaceThatWasClosedWhileTheMessageWaited_isNotSent() throws Exception {
    listen(List.of());
    try (SeqPacketSocket peer = synced()) {
      CompletableFuture<Answer> first = server.add(pod("u1"));
      Netns closed = Netns.current();
      CompletableFuture<Answer> second = server.add(new ZdsPod("u2", "n", "ns", "sa", closed));
      CompletableFuture<Answer> third = server.add(pod("u3"));
      assertThat(peer.receive(LIMIT, 1024).fds()).hasSize(1);
      closed.close();
      send(peer, OK);

      Packet next = peer.receive(LIMIT, 1024);

      assertThat(hex(next)).contains("7533").doesNotContain("7532");
      next.closeFds();
      send(peer, OK);
      assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());
      assertThat(second.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.NoProxy.class);
      assertThat(third.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());
    }
  }

  @Test
  void answer_tooLate_endsTheConnectionAndIsNotTakenForAnother() throws Exception {
    listen(List.of());
    try (SeqPacketSocket peer = synced()) {
      CompletableFuture<Answer> first = server.add(pod("u1"));
      CompletableFuture<Answer> second = server.add(pod("u2"));
      assertThat(peer.receive(LIMIT, 1024).fds()).hasSize(1);

      assertThat(first.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.NoProxy.class);
      assertThat(second.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.NoProxy.class);
      assertThat(event("disconnected")).contains("no answer within 400 ms");
      assertThatThrownBy(() -> peer.receive(LIMIT, 1024)).isInstanceOf(EOFException.class);
    }
    assertThat(server.add(pod("u3")).get()).isInstanceOf(Answer.NoProxy.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0800", "0807", "ff", "0a00", "080108010801ff"})
  void hello_thatIsNone_isNotTaken(String packet) throws Exception {
    listen(List.of(pod("u1")));
    try (SeqPacketSocket peer = SeqPacketSocket.connect(socket(), LIMIT)) {
      if (packet.isEmpty()) {
        // Silence.
        assertThat(event("disconnected")).isNotEmpty();
      } else {
        send(peer, packet);
        assertThat(event("disconnected")).contains("hello");
      }
      assertThat(server.connected()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ff", "", "0801", "1200"})
  void answer_thatIsNone_endsTheConnection(String packet) throws Exception {
    listen(List.of());
    try (SeqPacketSocket peer = synced()) {
      CompletableFuture<Answer> answer = server.add(pod("u1"));
      peer.receive(LIMIT, 1024).closeFds();
      if (packet.isEmpty()) {
        peer.send(new byte[2000]);
      } else {
        send(peer, packet);
      }

      assertThat(answer.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.NoProxy.class);
      assertThat(event("disconnected")).contains(packet.isEmpty() ? "truncated" : "not a response");
    }
  }

  @Test
  void answer_withDescriptors_endsTheConnection() throws Exception {
    listen(List.of());
    try (SeqPacketSocket peer = synced()) {
      CompletableFuture<Answer> answer = server.add(pod("u1"));
      peer.receive(LIMIT, 1024).closeFds();
      peer.send(HexFormat.of().parseHex(OK), netns.fd());

      assertThat(answer.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.NoProxy.class);
      assertThat(event("disconnected")).contains("descriptors");
    }
  }

  @Test
  void answer_toNothing_endsTheConnection() throws Exception {
    listen(List.of());
    try (SeqPacketSocket peer = synced()) {
      send(peer, OK);

      assertThat(event("disconnected")).contains("nothing was asked");
    }
  }

  @Test
  void peer_goesAwayBeforeItsAnswer_isNoProxy() throws Exception {
    listen(List.of());
    CompletableFuture<Answer> answer;
    try (SeqPacketSocket peer = synced()) {
      answer = server.add(pod("u1"));
      peer.receive(LIMIT, 1024).closeFds();
    }
    assertThat(answer.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.NoProxy.class);
  }

  @Test
  void severalProxies_addGoesToTheNewestDelToAllAndTheOlderTakesOver() throws Exception {
    listen(List.of());
    try (SeqPacketSocket older = synced()) {
      SeqPacketSocket newer = synced();
      CompletableFuture<Answer> added = server.add(pod("u1"));
      newer.receive(LIMIT, 1024).closeFds();
      send(newer, OK);
      assertThat(added.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());

      CompletableFuture<Void> deleted = server.del("u1");
      assertThat(hex(newer.receive(LIMIT, 1024))).isEqualTo("1204" + "12027531");
      assertThat(hex(older.receive(LIMIT, 1024)))
          .as("the older hears of no add")
          .isEqualTo("1204" + "12027531");
      send(newer, OK);
      send(older, OK);
      deleted.get(10, TimeUnit.SECONDS);

      newer.close();
      assertThat(event("disconnected")).isNotEmpty();
      CompletableFuture<Answer> again = server.add(pod("u2"));
      older.receive(LIMIT, 1024).closeFds();
      send(older, OK);
      assertThat(again.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());
    }
  }

  @Test
  void newest_goesAway_theOneBeforeHearsOfThePodsThatItMissed() throws Exception {
    listen(List.of());
    try (SeqPacketSocket older = synced()) {
      SeqPacketSocket newer = synced();
      CompletableFuture<Answer> added = server.add(pod("u1"));
      newer.receive(LIMIT, 1024).closeFds();
      send(newer, OK);
      assertThat(added.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());

      newer.close();

      Packet missed = older.receive(LIMIT, 1024);
      assertThat(hex(missed)).startsWith("0a").contains("7531");
      assertThat(missed.fds()).hasSize(1);
      missed.closeFds();
      send(older, OK);
      CompletableFuture<Answer> next = server.add(pod("u2"));
      Packet add = older.receive(LIMIT, 1024);
      add.closeFds();
      assertThat(hex(add)).as("and of nothing twice").contains("7532");
      send(older, OK);
      assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo(new Answer.Accepted());
    }
  }

  @Test
  void add_thatFitsNoPacket_isRefusedAtOnce() throws Exception {
    listen(List.of());
    ZdsPod pod = new ZdsPod("u1", "n".repeat(900), "ns".repeat(60), "sa", netns);

    assertThat(server.add(pod).get()).isInstanceOf(Answer.Refused.class);
  }

  @Test
  void del_withoutProxy_completes() throws Exception {
    listen(List.of());

    server.del("unknown").get(1, TimeUnit.SECONDS);
  }

  private void listen(List<ZdsPod> known) throws IOException {
    server.listen(
        socket(),
        known,
        new ZdsListener() {
          @Override
          public void connected(int peer, int connected) {
            events.add("connected");
          }

          @Override
          public void synced(int peer) {
            events.add("synced");
          }

          @Override
          public void disconnected(int peer, String reason, int connected) {
            events.add("disconnected " + reason);
          }

          @Override
          public void snapshotAnswer(String uid, Answer answer) {
            events.add("answer " + uid);
          }
        });
  }

  private SeqPacketSocket hello() throws IOException {
    SeqPacketSocket peer = SeqPacketSocket.connect(socket(), LIMIT);
    send(peer, HELLO);
    return peer;
  }

  private SeqPacketSocket synced() throws Exception {
    SeqPacketSocket peer = hello();
    assertThat(hex(peer.receive(LIMIT, 1024))).isEqualTo(SNAPSHOT_SENT);
    send(peer, OK);
    assertThat(event("synced")).isEqualTo("synced");
    return peer;
  }

  /// The next event of a kind; others are skipped.
  private String event(String kind) throws InterruptedException {
    String event = "";
    while (!event.startsWith(kind)) {
      event = String.valueOf(events.poll(10, TimeUnit.SECONDS));
      assertThat(event).isNotEqualTo("null");
    }
    return event;
  }

  private ZdsPod pod(String uid) {
    return new ZdsPod(uid, "p", "ns", "sa", netns);
  }

  private Path socket() {
    return directory.resolve("z.sock");
  }

  private static void send(SeqPacketSocket peer, String hex) throws IOException {
    peer.send(HexFormat.of().parseHex(hex));
  }

  private static String hex(Packet packet) {
    return HexFormat.of().formatHex(packet.data());
  }
}
