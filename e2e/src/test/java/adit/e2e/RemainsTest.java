package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RemainsTest {
  @Test
  void tables_oursAmongOthers() {
    assertThat(Remains.tables("table ip nat\ntable inet adit\ntable inet adit-probes\n"))
        .containsExactly("table inet adit", "table inet adit-probes");
  }

  @Test
  void marked_theRuleThatLeadsToOurRoutes() {
    assertThat(
            Remains.marked(
                "0:\tfrom all lookup local\n32764:\tfrom all fwmark 0x111/0xfff lookup 100\n"))
        .containsExactly("32764:\tfrom all fwmark 0x111/0xfff lookup 100");
  }

  @Test
  void images_inManifests_areTheUsers() {
    Entering.Images images = new Entering.Images("registry.example/mesh", "7");

    assertThat(images.in("  image: adit/install-cni:dev\n  image: other/pilot:dev\n"))
        .isEqualTo("  image: registry.example/mesh/install-cni:7\n  image: other/pilot:dev\n");
  }
}
