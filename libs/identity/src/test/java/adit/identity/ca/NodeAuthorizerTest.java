package adit.identity.ca;

import static org.assertj.core.api.Assertions.assertThat;

import adit.identity.ca.ImpersonationAuthorizer.Allowed;
import adit.identity.ca.ImpersonationAuthorizer.Refused;
import adit.model.SpiffeId;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class NodeAuthorizerTest {
  private static final SpiffeId ZTUNNEL = new SpiffeId("cluster.local", "istio-system", "ztunnel");
  private static final CaCaller NODE_1 = new CaCaller(ZTUNNEL, "ztunnel-1", "uid-1", "Kubernetes");
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");

  private final NodeAuthorizer authorizer =
      new NodeAuthorizer(Set.of("istio-system/ztunnel"), "cluster.local", new TwoNodes());

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(
            "not trusted",
            new CaCaller(WEB, "web-1", "uid-9", "Kubernetes"),
            WEB,
            "caller: shop/web"),
        Arguments.of(
            "foreign trust domain",
            NODE_1,
            new SpiffeId("other", "shop", "web"),
            "expected: trust domain cluster.local"),
        Arguments.of(
            "mTLS only", new CaCaller(ZTUNNEL, null, null, "Kubernetes"), WEB, "without a pod"),
        Arguments.of(
            "unknown pod",
            new CaCaller(ZTUNNEL, "ztunnel-7", "uid-1", "Kubernetes"),
            WEB,
            "ztunnel-7"),
        Arguments.of(
            "other cluster", new CaCaller(ZTUNNEL, "ztunnel-1", "uid-1", "east"), WEB, "'east'"),
        Arguments.of(
            "stale uid",
            new CaCaller(ZTUNNEL, "ztunnel-1", "uid-0", "Kubernetes"),
            WEB,
            "uid uid-0 (expected: uid-1)"),
        Arguments.of(
            "pod of another account",
            new CaCaller(ZTUNNEL, "imposter", "uid-3", "Kubernetes"),
            WEB,
            "(expected: default)"),
        Arguments.of(
            "pod without a node",
            new CaCaller(ZTUNNEL, "pending", "uid-4", "Kubernetes"),
            WEB,
            "on node ''"),
        Arguments.of(
            "runs elsewhere",
            new CaCaller(ZTUNNEL, "ztunnel-2", "uid-2", "Kubernetes"),
            WEB,
            "on node 'node-2'"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void authorize_notOnItsNode_isRefusedWithTheReason(
      String name, CaCaller caller, SpiffeId requested, String reason) {
    assertThat(authorizer.authorize(caller, requested))
        .as(name)
        .isInstanceOfSatisfying(
            Refused.class, refused -> assertThat(refused.reason()).contains(reason));
  }

  @Test
  void authorize_podOfTheIdentityOnTheNode_isAllowed() {
    assertThat(authorizer.authorize(NODE_1, WEB)).isInstanceOf(Allowed.class);
  }

  private static final class TwoNodes implements NodeAuthorizer.Pods {
    private final Map<String, NodeAuthorizer.Pod> pods =
        Map.of(
            "Kubernetes/istio-system/ztunnel-1",
            new NodeAuthorizer.Pod("uid-1", "ztunnel", "node-1"),
            "Kubernetes/istio-system/ztunnel-2",
            new NodeAuthorizer.Pod("uid-2", "ztunnel", "node-2"),
            "Kubernetes/istio-system/imposter",
            new NodeAuthorizer.Pod("uid-3", "default", "node-1"),
            "Kubernetes/istio-system/pending",
            new NodeAuthorizer.Pod("uid-4", "ztunnel", ""));

    @Override
    public NodeAuthorizer.@Nullable Pod podOrNull(String clusterId, String namespace, String name) {
      return pods.get(clusterId + "/" + namespace + "/" + name);
    }

    @Override
    public boolean runsOnNode(
        String clusterId, String namespace, String serviceAccount, String node) {
      return (clusterId + "/" + namespace + "/" + serviceAccount + "/" + node)
          .equals("Kubernetes/shop/web/node-1");
    }
  }
}
