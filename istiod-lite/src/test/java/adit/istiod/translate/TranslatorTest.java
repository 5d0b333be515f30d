package adit.istiod.translate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.source.ClusterView;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.KubeObject;
import adit.source.object.ObjectMeta;
import adit.source.object.ObjectReader;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
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
      assertThat(new HashSet<>(translated.conditions()))
          .isEqualTo(new HashSet<>(anew.conditions()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'from':[{'source':{'ipBlocks':['10.0.0.0/8','10.1.2.3/33']}}]",
        "'from':[{'source':{'principals':['cluster.local/ns/a/sa/b','']}}]",
        "'from':[{'source':{'serviceAccounts':['a/b','a/*']}}]",
        "'to':[{'operation':{'ports':['80','0']}}]",
        "'when':[{'key':'source.ip','values':['10.0.0.0/8','10.0.0/8']}]"
      })
  void policyOfAnApiServerWithABadValue_closes(String rule) throws Exception {
    for (Action action : List.of(Action.ALLOW, Action.DENY)) {
      Translated translated =
          new Translator(GoldenTest.MESH)
              .translate(ClusterView.of(1, List.of(inForce(action, rule))));

      var resource = requireNonNull(translated.policies().get("shop/p"));
      Authorization policy = Authorization.parseFrom(resource.body().getValue());
      // What only allows is left out; what denies does it without the value.
      assertThat(policy.getRulesCount()).isEqualTo(action == Action.ALLOW ? 0 : 1);
      assertThat(translated.reports())
          .allMatch(report -> report.accepted() && !report.whole())
          .allMatch(report -> report.message().contains("(expected: "));
    }
  }

  private static KubeObject inForce(Action action, String rule) throws JsonProcessingException {
    String json =
        "{'apiVersion':'security.istio.io/v1','kind':'AuthorizationPolicy',"
            + "'metadata':{'name':'p','namespace':'shop'},"
            + "'spec':{'action':'%s','rules':[{%s}]}}".formatted(action, rule);
    return requireNonNull(
        new ObjectReader(ObjectReader.Origin.API_SERVER)
            .read(new ObjectMapper().readTree(json.replace('\'', '"')))
            .object());
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
            List.of(),
            MissingNode.getInstance());
    MeshSettings mesh = new MeshSettings("c", "cluster.local", "other.td", "root", "main", true);

    Translated translated = new Translator(mesh).translate(ClusterView.of(1, List.of(policy)));

    var resource = translated.policies().get("shop/p");
    assertThat(resource).isNotNull();
    assertThat(adit.protos.security.Authorization.parseFrom(resource.body().getValue()).getDryRun())
        .isTrue();
    assertThat(translated.reports()).allMatch(Translated.PolicyReport::whole);
  }
}
