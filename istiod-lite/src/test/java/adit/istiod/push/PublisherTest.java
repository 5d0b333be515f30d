package adit.istiod.push;

import static org.assertj.core.api.Assertions.assertThat;

import adit.istiod.l7.L7Resources;
import adit.istiod.testing.FakeSource;
import adit.istiod.testing.Sample;
import adit.istiod.translate.Translated;
import adit.source.ClusterView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Quiet time 50 ms, at most 1 s.
final class PublisherTest {
  private static final long POISON = 666;

  private final ManualScheduler time = new ManualScheduler();
  private final FakeSource source = new FakeSource();
  private final List<String> events = new ArrayList<>();
  private final Publisher publisher =
      new Publisher(
          time,
          this::translate,
          List.of(),
          new Publisher.Settle(Duration.ofMillis(50), Duration.ofSeconds(1)),
          time::nanoTime,
          new Publisher.Listener() {
            @Override
            public void published(ClusterView view, Translated translated) {
              events.add(millis() + " view " + view.version());
            }

            @Override
            public void failed(ClusterView view, RuntimeException fault) {
              events.add(millis() + " failed " + view.version());
            }
          });

  @BeforeEach
  void follow() {
    publisher.follow(source);
  }

  @Test
  void firstCompleteView_isPublishedAtOnce() {
    assertThat(publisher.latestOrNull()).isNull();

    show(1);

    assertThat(events).containsExactly("0 view 1");
    assertThat(publisher.latestOrNull()).isNotNull();
  }

  @Test
  void laterView_isPublishedAfterTheQuietTime() {
    show(1);
    time.advance(10);

    show(2);
    time.advance(49);
    assertThat(events).containsExactly("0 view 1");
    time.advance(1);

    assertThat(events).containsExactly("0 view 1", "60 view 2");
  }

  @Test
  void changesWithinTheQuietTime_arePublishedTogether() {
    show(1);
    show(2);
    time.advance(30);
    show(3);
    time.advance(200);

    assertThat(events).containsExactly("0 view 1", "80 view 3");
  }

  @Test
  void changesWithoutEnd_arePublishedAfterTheLongestTime() {
    show(1);
    for (int version = 2; version < 50; version++) {
      show(version);
      time.advance(25);
    }

    assertThat(events).containsExactly("0 view 1", "1000 view 41");
  }

  @Test
  void afterAPublication_theNextChangeWaitsAgain() {
    show(1);
    show(2);
    time.advance(500);
    show(3);
    time.advance(500);

    assertThat(events).containsExactly("0 view 1", "50 view 2", "550 view 3");
  }

  @Test
  void viewThatCannotBeTranslated_leavesTheLastOneAndTheNextIsPublished() {
    show(1);
    Translated before = publisher.latestOrNull();

    source.show(ClusterView.of(POISON, List.of()));
    time.advance(50);

    assertThat(publisher.latestOrNull()).isSameAs(before);
    show(3);
    time.advance(50);
    assertThat(events).containsExactly("0 view 1", "50 failed 666", "100 view 3");
  }

  private Translated translate(ClusterView view) {
    if (view.version() == POISON) {
      throw new IllegalStateException("poison");
    }
    return new Translated(Map.of(), Map.of(), List.of(), List.of(), L7Resources.NONE);
  }

  private void show(long version) {
    source.show(ClusterView.of(version, List.of(Sample.namespace("n" + version))));
  }

  private long millis() {
    return Duration.ofNanos(time.nanoTime()).toMillis();
  }
}
