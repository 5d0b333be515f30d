package adit.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.SigningException;
import adit.model.SpiffeId;
import adit.telemetry.Log;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// All in virtual time: one scheduler, one wall clock, one monotonic clock.
final class CertificatesTest {
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final Instant START = Instant.parse("2026-11-25T10:00:00Z");
  private static final Duration STEP = Duration.ofMillis(50);

  private final TestClock clock = new TestClock(START);
  private final EmbeddedChannel time = new EmbeddedChannel();
  private final FakeCa ca = new FakeCa(CertificateAuthority.inMemory("cluster.local", clock));
  private long nanos;
  private final Certificates certificates =
      new Certificates(
          ca::fetch,
          TlsSettings.DEFAULT,
          clock,
          () -> nanos,
          time.eventLoop(),
          new Random(7),
          Log.silent());

  @BeforeEach
  void freeze() {
    time.freezeTime();
  }

  @AfterEach
  void release() {
    certificates.close();
    run();
    time.finishAndReleaseAll();
  }

  @Test
  void get_nothingThere_fetchesOnceForAllWhoWait() {
    var first = certificates.get(WEB).toCompletableFuture();
    var second = certificates.get(WEB).toCompletableFuture();
    run();
    assertThat(ca.asked).containsExactly(WEB);
    assertThat(first).isNotDone();
    assertThat(certificates.currentOrNull(WEB)).isNull();

    ca.answer();
    run();

    assertThat(first.join()).isSameAs(second.join()).isSameAs(certificates.currentOrNull(WEB));
    assertThat(certificates.get(WEB).toCompletableFuture()).isCompletedWithValue(first.join());
    assertThat(ca.asked).hasSize(1);
  }

  @Test
  void fetches_manyWaiting_areEightAtATimeAndTrafficGoesFirst() {
    for (int i = 0; i < 20; i++) {
      certificates.warmUp(workload(i));
    }
    run();
    assertThat(ca.asked).hasSize(8);

    certificates.get(workload(19));
    var traffic = certificates.get(workload(99)).toCompletableFuture();
    run();
    assertThat(ca.asked).hasSize(8);
    ca.answer();
    ca.answer();
    run();

    assertThat(ca.asked.subList(8, 10)).containsExactlyInAnyOrder(workload(19), workload(99));
    while (!ca.pending.isEmpty()) {
      ca.answerAll();
      run();
    }
    assertThat(traffic).isCompleted();
    assertThat(ca.asked).hasSize(21).doesNotHaveDuplicates();
  }

  @Test
  void renewal_halfOfItsLife_replacesTheCertificateWithoutAGap() {
    ca.automatic = true;
    ca.lifetime = Duration.ofHours(1);
    WorkloadCertificate first = got(WEB);
    Instant half = first.chain().notBefore().plus(Duration.ofMinutes(31));

    advance(Duration.between(clock.instant(), half).minusSeconds(2));
    assertThat(certificates.currentOrNull(WEB)).isSameAs(first);
    advance(Duration.ofSeconds(4));

    WorkloadCertificate second = certificates.currentOrNull(WEB);
    assertThat(second).isNotNull().isNotSameAs(first);
    assertThat(first.serverContext()).isNotNull();
    advance(Duration.ofSeconds(61));
    assertThat(catchThrowable(first::serverContext)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void renewal_certificatesOfTwentySeconds_rotateSmoothly() {
    ca.automatic = true;
    ca.lifetime = Duration.ofSeconds(20);
    got(WEB);

    for (int i = 0; i < 300; i++) {
      advance(Duration.ofSeconds(1));
      WorkloadCertificate held = certificates.currentOrNull(WEB);
      assertThat(held).isNotNull();
      assertThat(Duration.between(clock.instant(), held.chain().notAfter()))
          .isGreaterThan(Duration.ofSeconds(7));
    }

    assertThat(ca.asked.size()).isBetween(25, 45);
  }

  @Test
  void renewal_shortLifeDatedTwoMinutesBack_isNotEndless() {
    var behind = new TestClock(START.minus(Duration.ofMinutes(2)));
    ca.authority = CertificateAuthority.inMemory("cluster.local", behind);
    ca.lifetime = Duration.ofSeconds(140);
    ca.automatic = true;
    got(WEB);

    for (int i = 0; i < 60; i++) {
      behind.move(Duration.ofSeconds(1));
      advance(Duration.ofSeconds(1));
      assertThat(certificates.currentOrNull(WEB)).isNotNull();
    }

    assertThat(ca.asked.size()).isBetween(5, 9);
  }

  @Test
  void caDown_certificateStillValid_servesItAndRetriesMoreAndMoreRarely() {
    ca.automatic = true;
    ca.lifetime = Duration.ofHours(10);
    WorkloadCertificate first = got(WEB);
    ca.down = true;
    ca.times.clear();

    advance(Duration.ofHours(5).plusMinutes(20));

    assertThat(certificates.currentOrNull(WEB)).isSameAs(first);
    assertThat(state().state()).isEqualTo("Available");
    assertThat(state().lastError()).contains("CA is down");
    List<Duration> gaps = ca.gaps();
    for (int i = 0; i < 7; i++) {
      double expected = Math.pow(2, i);
      assertThat(gaps.get(i).toMillis() / 1000.0).isBetween(expected * 0.8, expected * 1.2 + 1.1);
    }
    assertThat(gaps.getLast()).isLessThan(Duration.ofSeconds(152));
    assertThat(gaps.getLast()).isGreaterThan(Duration.ofSeconds(119));
    ca.down = false;
    advance(Duration.ofSeconds(152));
    assertThat(certificates.currentOrNull(WEB)).isNotNull().isNotSameAs(first);
  }

  @Test
  void caDown_certificateExpired_isUnavailableUntilTheCaIsBack() {
    ca.automatic = true;
    ca.lifetime = Duration.ofMinutes(10);
    got(WEB);
    ca.down = true;

    advance(Duration.ofMinutes(10).plusSeconds(2));

    assertThat(certificates.currentOrNull(WEB)).isNull();
    assertThat(state().state()).startsWith("Unavailable: ").contains("CA is down");
    var refused = certificates.get(WEB).toCompletableFuture();
    advance(Duration.ofSeconds(2));
    assertThat(refused).isCompletedExceptionally();
    ca.down = false;
    var served = certificates.get(WEB).toCompletableFuture();
    advance(Duration.ofSeconds(2));
    assertThat(served).isCompleted();
    assertThat(state().state()).isEqualTo("Available");
    assertThat(state().lastError()).isNull();
  }

  @Test
  void caDown_neverACertificate_trafficTriggersAFetchAndWaitsForIt() {
    ca.automatic = true;
    ca.down = true;
    var first = certificates.get(WEB).toCompletableFuture();
    run();
    assertThat(catchThrowable(first::join)).hasRootCauseInstanceOf(IdentityException.class);
    // Deep into the pauses of the background.
    advance(Duration.ofMinutes(5));
    ca.down = false;
    int asked = ca.asked.size();

    var second = certificates.get(WEB).toCompletableFuture();
    run();

    assertThat(ca.asked).hasSize(asked + 1);
    assertThat(second).isCompleted();
  }

  @Test
  void caDown_muchTraffic_asksAtMostOnceASecond() {
    ca.automatic = true;
    ca.down = true;

    for (int i = 0; i < 200; i++) {
      certificates.get(WEB);
      advance(STEP);
    }

    assertThat(ca.asked.size()).isBetween(9, 11);
  }

  @Test
  void caSilent_whoWaits_getsAnErrorAfterTenSecondsAndTheSlotIsFreed() {
    var waiting = certificates.get(WEB).toCompletableFuture();
    advance(Duration.ofMillis(9_900));
    assertThat(waiting).isNotDone();

    advance(Duration.ofMillis(200));

    assertThat(catchThrowable(waiting::join))
        .hasMessageContaining("no certificate within 10 s")
        .hasMessageContaining(WEB.toString());
    advance(Duration.ofSeconds(13));
    assertThat(ca.asked.size()).isGreaterThan(1);
    // The first answer comes after all: nobody asked for it any more.
    ca.answer();
    run();
    assertThat(certificates.currentOrNull(WEB)).isNull();
    ca.answer();
    run();
    assertThat(certificates.currentOrNull(WEB)).isNotNull();
  }

  @Test
  void suspend_wallClockRunsAhead_isNoticedWithinASecond() {
    ca.automatic = true;
    ca.lifetime = Duration.ofHours(1);
    WorkloadCertificate first = got(WEB);

    clock.move(Duration.ofHours(8));
    assertThat(certificates.currentOrNull(WEB)).isNull();
    advance(Duration.ofMillis(1_100));

    assertThat(certificates.currentOrNull(WEB)).isNotNull().isNotSameAs(first);
  }

  @Test
  void suspend_caWasDownBefore_endsThePause() {
    ca.automatic = true;
    ca.down = true;
    certificates.warmUp(WEB);
    advance(Duration.ofMinutes(20));
    ca.down = false;

    clock.move(Duration.ofHours(1));
    advance(Duration.ofMillis(1_100));

    assertThat(certificates.currentOrNull(WEB)).isNotNull();
  }

  @Test
  void clockSetBack_behindTheCertificatesStart_fetchesAnother() {
    ca.automatic = true;
    ca.lifetime = Duration.ofHours(1);
    WorkloadCertificate first = got(WEB);

    clock.move(Duration.ofHours(-2));
    advance(Duration.ofMillis(1_100));

    assertThat(certificates.currentOrNull(WEB)).isNotNull().isNotSameAs(first);
    int asked = ca.asked.size();
    advance(Duration.ofSeconds(10));
    assertThat(ca.asked).hasSize(asked);
  }

  @Test
  void forget_whileSomebodyWaits_endsTheWait() {
    var waiting = certificates.get(WEB).toCompletableFuture();
    run();

    certificates.forget(WEB);
    run();
    ca.answer();
    run();

    assertThat(catchThrowable(waiting::join)).hasMessageContaining("no longer needed");
    assertThat(certificates.currentOrNull(WEB)).isNull();
    assertThat(certificates.dump()).isEmpty();
    assertThat(ca.pending).isEmpty();
  }

  @Test
  void source_throwsOrAnswersExpired_isAFailureLikeOthers() {
    ca.broken = true;
    var first = certificates.get(WEB).toCompletableFuture();
    run();
    assertThat(catchThrowable(first::join)).hasMessageContaining("a mistake of the source");

    ca.broken = false;
    ca.automatic = true;
    ca.authority =
        CertificateAuthority.inMemory(
            "cluster.local", new TestClock(START.minus(Duration.ofDays(1))));
    ca.lifetime = Duration.ofMinutes(1);
    var second = certificates.get(WEB).toCompletableFuture();
    advance(Duration.ofMillis(1_100));
    assertThat(catchThrowable(second::join)).hasMessageContaining("expired at");
  }

  @Test
  void dump_severalStates_isSorted() {
    certificates.warmUp(workload(2));
    certificates.warmUp(workload(1));
    run();
    ca.answer();
    run();

    assertThat(certificates.dump())
        .extracting(state -> state.identity().serviceAccount() + " " + state.state())
        .containsExactly("w1 Initializing", "w2 Available");
  }

  @Test
  void close_thenGet_fails() {
    certificates.close();
    run();
    var late = certificates.get(WEB).toCompletableFuture();
    run();

    assertThat(catchThrowable(late::join)).hasMessageContaining("shutting down");
  }

  private WorkloadCertificate got(SpiffeId identity) {
    var result = certificates.get(identity).toCompletableFuture();
    run();
    return result.join();
  }

  private CertificateState state() {
    return certificates.dump().getFirst();
  }

  private static SpiffeId workload(int number) {
    return new SpiffeId("cluster.local", "shop", "w" + number);
  }

  private void run() {
    time.runPendingTasks();
  }

  private void advance(Duration by) {
    for (long left = by.toNanos(); left > 0; left -= STEP.toNanos()) {
      long step = Math.min(left, STEP.toNanos());
      nanos += step;
      clock.move(Duration.ofNanos(step));
      time.advanceTimeBy(step, TimeUnit.NANOSECONDS);
      run();
    }
  }

  /// A CA that answers when it is told to, or at once.
  private final class FakeCa {
    private final List<SpiffeId> asked = new ArrayList<>();
    private final List<Instant> times = new ArrayList<>();
    private final Deque<Runnable> pending = new ArrayDeque<>();
    private CertificateAuthority authority;
    private Duration lifetime = Duration.ofHours(1);
    private boolean automatic;
    private boolean down;
    private boolean broken;

    FakeCa(CertificateAuthority authority) {
      this.authority = authority;
    }

    CompletionStage<CertificateChain> fetch(SpiffeId identity) {
      asked.add(identity);
      times.add(wall().instant());
      if (broken) {
        throw new IllegalStateException("a mistake of the source");
      }
      if (down) {
        return CompletableFuture.failedStage(new IdentityException("the CA is down"));
      }
      var result = new CompletableFuture<CertificateChain>();
      pending.add(() -> issue(identity, result));
      if (automatic) {
        answer();
      }
      return result;
    }

    private Clock wall() {
      return clock;
    }

    private void issue(SpiffeId identity, CompletableFuture<CertificateChain> result) {
      try {
        result.complete(authority.issue(identity, lifetime));
      } catch (SigningException e) {
        result.completeExceptionally(e);
      }
    }

    void answer() {
      pending.remove().run();
    }

    void answerAll() {
      for (int i = pending.size(); i > 0; i--) {
        answer();
      }
    }

    List<Duration> gaps() {
      List<Duration> gaps = new ArrayList<>();
      for (int i = 1; i < times.size(); i++) {
        gaps.add(Duration.between(times.get(i - 1), times.get(i)));
      }
      return gaps;
    }
  }
}
