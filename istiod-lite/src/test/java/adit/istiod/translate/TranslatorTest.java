package adit.istiod.translate;

import static org.assertj.core.api.Assertions.assertThat;

import adit.source.ClusterView;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.ObjectMeta;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TranslatorTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyHistory_givesWhatItsLastViewGives_andEveryListedPolicyIsThere(long seed)
      throws Exception {
    RandomCluster cluster = new RandomCluster(seed);
    Translator remembering = new Translator(GoldenTest.MESH);
    ClusterView view = ClusterView.EMPTY;
    for (int i = 0; i < 250; i++) {
      cluster.step();
      view = view.followedBy(cluster.objects(), List.of());

      Translated translated = remembering.translate(view);

      PoliciesListed.assertPublished(translated);
      Translated anew = new Translator(GoldenTest.MESH).translate(view);
      assertThat(translated.addresses()).isEqualTo(anew.addresses());
      assertThat(translated.policies()).isEqualTo(anew.policies());
      assertThat(new HashSet<>(translated.reports())).isEqualTo(new HashSet<>(anew.reports()));
    }
  }

  @Test
  void dryRunPolicy_whenEnabled_isSentAsSuch() throws Exception {
    AuthorizationPolicy policy =
        new AuthorizationPolicy(
            new ObjectMeta(
                "shop",
                "p",
                "",
                0,
                Map.of(),
                Map.of("istio.io/dry-run", "true"),
                Instant.EPOCH,
                null,
                "",
                List.of()),
            null,
            List.of(),
            AuthorizationPolicy.Action.DENY,
            List.of());
    MeshSettings mesh = new MeshSettings("c", "cluster.local", "other.td", "root", "main", true);

    Translated translated = new Translator(mesh).translate(ClusterView.of(1, List.of(policy)));

    var resource = translated.policies().get("shop/p");
    assertThat(resource).isNotNull();
    assertThat(adit.protos.security.Authorization.parseFrom(resource.body().getValue()).getDryRun())
        .isTrue();
    assertThat(translated.reports()).allMatch(Translated.PolicyReport::whole);
  }
}
