package adit.cli.demo.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LinkViewTest {
  private static final InetAddress WEB = InetAddress.ofLiteral("10.244.2.12");
  private static final InetAddress DETAILS = InetAddress.ofLiteral("10.244.1.10");
  private static final InetAddress OUTSIDE = InetAddress.ofLiteral("10.244.1.13");
  private static final Set<InetAddress> SHOP = Set.of(WEB, DETAILS);
  private static final long CAPTURED = 1000;

  private static SeenPacket syn(long at, int fromPort, int toPort) {
    return new SeenPacket(at, WEB, fromPort, DETAILS, toPort, true, false);
  }

  private static SeenPacket answer(long at, int fromPort, int toPort) {
    return new SeenPacket(at, DETAILS, fromPort, WEB, toPort, false, true);
  }

  private static LinkView view(SeenPacket... packets) {
    return LinkView.of(List.of(packets), CAPTURED, SHOP);
  }

  @Test
  void answer_ofAConnectionThatWasOpenBefore_isOld() {
    LinkView view = view(syn(990, 40000, 8080), answer(1200, 8080, 40000));

    assertThat(view).isEqualTo(new LinkView(1, new java.util.TreeMap<>(), 0, 1, 1));
  }

  @Test
  void answer_ofAConnectionWhoseStartWasNotSeen_isOld() {
    LinkView view = view(answer(1200, 8080, 40000), answer(1300, 8080, 40000));

    assertThat(view.markedOld()).isEqualTo(2);
    assertThat(view.oldConnections()).isEqualTo(1);
    assertThat(view.markedNew()).isZero();
  }

  @Test
  void plaintextOfANewConnection_isALeak() {
    LinkView view = view(syn(1001, 40000, 8080), answer(1200, 8080, 40000));

    assertThat(view.markedNew()).isEqualTo(1);
    assertThat(view.markedOld()).isZero();
    assertThat(view.opened()).isEqualTo(Map.of(8080, 1));
  }

  @Test
  void markerInsideATunnelsPort_isALeakToo() {
    LinkView view = view(syn(1001, 40000, 15008), answer(1200, 15008, 40000));

    assertThat(view.markedNew()).isEqualTo(1);
    assertThat(view.opened()).isEqualTo(Map.of(15008, 1));
  }

  @Test
  void synThatIsSentAgain_belongsToTheFirstOne() {
    LinkView view = view(syn(900, 40000, 8080), syn(1900, 40000, 8080), answer(2000, 8080, 40000));

    assertThat(view.opened()).isEmpty();
    assertThat(view.markedOld()).isEqualTo(1);
  }

  @Test
  void packetsOfOthers_doNotCount() {
    LinkView view = view(new SeenPacket(1200, OUTSIDE, 40000, WEB, 8080, true, true));

    assertThat(view.packets()).isZero();
    assertThat(view.markedNew() + view.markedOld()).isZero();
    assertThat(view.opened()).isEmpty();
  }
}
