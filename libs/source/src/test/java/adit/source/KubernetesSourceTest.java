package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.SpecCheck;
import adit.testkit.Eventually;
import adit.testkit.kube.ApiServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class KubernetesSourceTest {
  static final String SECURITY = "security.istio.io/v1";
  private static final String POD =
      """
      {"apiVersion":"v1","kind":"Pod",
       "metadata":{"name":"%s","namespace":"shop","labels":{"app":"%s"},"managedFields":[]},
       "spec":{"newField":1,"serviceAccountName":"web",
               "containers":[{"name":"a","env":[{"name":"X","value":"1"}]}]}}
      """;
  private static final String POLICY =
      """
      {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy",
       "metadata":{"name":"p","namespace":"shop"},"spec":{"action":"%s"}}
      """;

  private final LinkedBlockingQueue<ClusterView> views = new LinkedBlockingQueue<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ApiServer();
    server
        .know("v1", "namespaces", "nodes", "services", "pods")
        .know("discovery.k8s.io/v1", "endpointslices")
        .know(SECURITY, "authorizationpolicies", "peerauthentications");
    server.put("v1", "pods", POD.formatted("web", "web"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  static KubernetesClient client(ApiServer server) {
    return KubernetesClients.open(
        new ConfigBuilder(Config.empty()).withMasterUrl(server.url()).build());
  }

  private KubernetesSource open() {
    return open(Selection.CONTROL_PLANE);
  }

  private KubernetesSource open(Selection selection) {
    return open(selection, Duration.ofHours(1), new KubernetesObjects(SpecCheck.NONE));
  }

  private KubernetesSource open(Selection selection, Duration missing, KubernetesObjects objects) {
    KubernetesSource source =
        KubernetesSource.open(
            client(server),
            selection,
            warnings::add,
            new KubernetesSource.Settings(new KindWatch.Pauses(100, 200), missing),
            objects);
    source.subscribe(views::add);
    return source;
  }

  @Test
  void view_isCompleteWithoutTheCrdsThatAreMissingAndFollowsTheWatch() throws Exception {
    try (KubernetesSource _ = open()) {
      var pod = requireNonNull(await(view -> !view.pods().isEmpty()).podOrNull("shop", "web"));

      assertThat(pod.spec().serviceAccount()).isEqualTo("web");
      assertThat(pod.spec().containers().getFirst().env()).isEmpty();
      assertThat(warnings).anyMatch(said -> said.contains("networking.istio.io/v1 ServiceEntry"));

      server.put("v1", "pods", POD.formatted("web", "other"));
      await(view ->
          requireNonNull(view.podOrNull("shop", "web")).meta().label("app").equals("other"));
      server.delete("v1", "pods", "shop", "web");
      await(view -> view.pods().isEmpty());
    }
  }

  @Test
  void nodesSelection_asksForNothingElseAndForItsOwnPodsOnly() throws Exception {
    server.know("networking.k8s.io/v1", "networkpolicies");
    server.put(
        "v1",
        "pods",
        POD.formatted("near", "near").replace("\"newField\":1", "\"nodeName\":\"node-1\""));
    try (KubernetesSource _ = open(Selection.ofNode("node-1"))) {
      assertThat(await(_ -> true).pods()).containsOnlyKeys(ObjectKey.of(Kind.POD, "shop", "near"));

      server.put(
          "v1",
          "pods",
          POD.formatted("far", "far").replace("\"newField\":1", "\"nodeName\":\"node-2\""));
      server.delete("v1", "pods", "shop", "near");

      assertThat(await(_ -> true).pods()).isEmpty();
      assertThat(server.reads())
          .anyMatch(uri -> uri.contains("/networkpolicies"))
          .noneMatch(uri -> uri.contains("/services") || uri.contains("/nodes"));
      assertThat(warnings).isEmpty();
    }
  }

  @Test
  void firstView_hasEverythingOfManyPages() throws Exception {
    for (int i = 0; i < 700; i++) {
      server.put("v1", "pods", POD.formatted("many-" + i, "many"));
    }
    try (KubernetesSource _ = open()) {
      assertThat(await(_ -> true).pods()).hasSize(701);
    }
  }

  @Test
  void kindThatAppears_isReadAndSaid() throws Exception {
    try (KubernetesSource _ = open()) {
      await(_ -> true);

      server.know("networking.istio.io/v1", "serviceentries");
      server.put(
          "networking.istio.io/v1",
          "serviceentries",
          """
          {"apiVersion":"networking.istio.io/v1","kind":"ServiceEntry",
           "metadata":{"name":"e","namespace":"shop"},
           "spec":{"hosts":["a.example"],"ports":[{"number":80,"name":"http","protocol":"HTTP"}]}}
          """);

      await(view -> !view.serviceEntries().isEmpty());
      said("ServiceEntry: known to the API server now");

      server.forget("networking.istio.io/v1", "serviceentries");
      await(view -> view.serviceEntries().isEmpty());
    }
  }

  @Test
  void policiesThatTheApiServerDoesNotKnow_stayForAWhile() throws Exception {
    server.put(SECURITY, "authorizationpolicies", POLICY.formatted("DENY"));
    try (KubernetesSource source = open()) {
      await(view -> !view.authorizationPolicies().isEmpty());

      server.forget(SECURITY, "authorizationpolicies");
      said(
          "AuthorizationPolicy: not known to the API server, counts as empty if that lasts 3600 s");
      int asked = server.reads().size();
      Eventually.holds(
          "missed more than once",
          Duration.ofSeconds(30),
          () ->
              server.reads().stream()
                      .skip(asked)
                      .filter(uri -> uri.contains("authorizationpolicies"))
                      .count()
                  > 2);
      server.put("v1", "pods", POD.formatted("new", "new"));

      await(view -> view.podOrNull("shop", "new") != null);
      assertThat(source.current().authorizationPolicies()).hasSize(1);
      server.know(SECURITY, "authorizationpolicies");
      await(view -> view.authorizationPolicies().isEmpty());
    }
  }

  @Test
  void policiesThatTheApiServerDoesNotKnow_areEmptyAfterAWhile() throws Exception {
    server.forget(SECURITY, "peerauthentications");
    try (KubernetesSource source =
        open(
            Selection.CONTROL_PLANE,
            Duration.ofMillis(1500),
            new KubernetesObjects(SpecCheck.NONE))) {
      said("PeerAuthentication: not known to the API server");
      assertThat(source.complete()).isFalse();

      await(view -> !view.pods().isEmpty());
    }
  }

  @Test
  void faultWhileAnObjectIsRead_isSaidAndTheOthersAreThere() throws Exception {
    server.put("v1", "pods", POD.formatted("poison", "poison"));
    ObjectReader reader = new ObjectReader(ObjectReader.Origin.API_SERVER);
    KubernetesObjects objects =
        new KubernetesObjects(json -> {
          if (json.at("/metadata/name").asText().equals("poison")) {
            throw new StackOverflowError();
          }
          return reader.read(json);
        });
    try (KubernetesSource _ = open(Selection.CONTROL_PLANE, Duration.ofHours(1), objects)) {
      assertThat(await(_ -> true).pods()).hasSize(1);
      said("v1 Pod shop/poison: a fault, java.lang.StackOverflowError");
    }
  }

  @Test
  void faultOfASubscriber_isSaid() throws Exception {
    try (KubernetesSource source = open()) {
      await(_ -> true);
      source.subscribe(view -> {
        if (view.podOrNull("shop", "new") != null) {
          throw new IllegalStateException("cannot take it");
        }
      });

      server.put("v1", "pods", POD.formatted("new", "new"));

      said("publishing: a fault, java.lang.IllegalStateException: cannot take it");
    }
  }

  @Test
  void kindThatIsDenied_isSaidAndTheOthersWork() throws Exception {
    server.forbid("nodes");
    try (KubernetesSource _ = open()) {
      await(view -> !view.pods().isEmpty());
      said("v1 Node: reading it is denied, counts as empty");

      server.allow("nodes");
      server.put(
          "v1", "nodes", "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}}");

      await(view -> !view.nodes().isEmpty());
      said("v1 Node: can be read again");
    }
  }

  @Test
  void policiesThatAreDeniedFromTheStart_keepTheMeshAsItIs() throws Exception {
    server.forbid("authorizationpolicies");
    server.put(SECURITY, "authorizationpolicies", POLICY.formatted("DENY"));
    try (KubernetesSource source = open()) {
      said("AuthorizationPolicy: reading it is denied, nothing is served without it");
      assertThat(source.complete()).isFalse();

      server.allow("authorizationpolicies");

      // The first view that anybody sees has them.
      assertThat(await(_ -> true).authorizationPolicies()).hasSize(1);
    }
  }

  @Test
  void policiesThatAreDeniedLater_stayInForce() throws Exception {
    server.put(SECURITY, "authorizationpolicies", POLICY.formatted("DENY"));
    try (KubernetesSource source = open()) {
      await(view -> !view.authorizationPolicies().isEmpty());

      server.forbid("authorizationpolicies");
      server.expireWatches();
      said("AuthorizationPolicy: reading it is denied now, its last state stays");
      server.put("v1", "pods", POD.formatted("new", "new"));

      await(view -> view.podOrNull("shop", "new") != null);
      assertThat(source.current().authorizationPolicies()).hasSize(1);
    }
  }

  @Test
  void watchThatExpired_isBegunAgainWithWhatHappenedMeanwhile() throws Exception {
    server.put("v1", "pods", POD.formatted("old", "old"));
    try (KubernetesSource _ = open()) {
      await(view -> view.pods().size() == 2);

      server.forbid("pods");
      server.delete("v1", "pods", "shop", "old");
      server.put("v1", "pods", POD.formatted("new", "new"));
      server.expireWatches();
      server.allow("pods");

      await(view -> view.podOrNull("shop", "new") != null && view.podOrNull("shop", "old") == null);
    }
  }

  @Test
  void whileTheApiServerIsAway_theLastStateStaysAndIsFollowedAfterwards() throws Exception {
    try (KubernetesSource source = open()) {
      ClusterView before = await(view -> !view.pods().isEmpty());

      server.goAway();
      said("API server: the last state stays, trying again");
      assertThat(source.current()).isSameAs(before);
      server.comeBack();
      server.put("v1", "pods", POD.formatted("new", "new"));

      await(view -> view.podOrNull("shop", "new") != null);
      said("API server: every kind is watched again");
      assertThat(views).isEmpty();
    }
  }

  @Test
  void policyWithABadValue_isThereFromTheFirstViewOn() throws Exception {
    server.put(
        SECURITY,
        "authorizationpolicies",
        """
        {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy",
         "metadata":{"name":"p","namespace":"shop"},
         "spec":{"rules":[{"from":[{"source":{"ipBlocks":["10.0.0.0/8","10.1.2.3/33"]}}]}]}}
        """);
    try (KubernetesSource _ = open()) {
      ClusterView view = await(_ -> true);

      assertThat(view.authorizationPolicies()).hasSize(1);
      assertThat(view.problems().getFirst().message()).contains("ipBlocks[1]: \"10.1.2.3/33\"");
    }
  }

  @Test
  void brokenObject_keepsItsLastGoodVersionAndIsAProblem() throws Exception {
    server.put(SECURITY, "authorizationpolicies", POLICY.formatted("DENY"));
    try (KubernetesSource _ = open()) {
      await(view -> !view.authorizationPolicies().isEmpty());

      server.put(SECURITY, "authorizationpolicies", POLICY.formatted("DENI"));

      ClusterView view = await(next -> !next.problems().isEmpty());
      assertThat(view.problems().getFirst().message()).contains("shop/p: spec.action: ", "DENI");
      assertThat(view.all(Kind.AUTHORIZATION_POLICY)).hasSize(1);
    }
  }

  private void said(String part) throws Exception {
    Eventually.holds(
        part,
        Duration.ofSeconds(30),
        () -> warnings.stream().anyMatch(warning -> warning.contains(part)));
  }

  private ClusterView await(Predicate<ClusterView> condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (true) {
      ClusterView view = views.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (condition.test(requireNonNull(view, "no view that fits within 30 s: " + warnings))) {
        return view;
      }
    }
  }
}
