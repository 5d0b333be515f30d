package adit.cli.waypoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.source.KubernetesClients;
import adit.source.object.ObjectKey;
import adit.testkit.kube.ApiServer;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;
import picocli.CommandLine;

/// The commands against a cluster and against a directory.
@Timeout(60)
final class WaypointCommandTest {
  private static final String GATEWAYS = "gateway.networking.k8s.io/v1";

  private final StringWriter out = new StringWriter();
  private ApiServer server;
  private KubernetesClient client;
  private ClusterHome cluster;
  private DirectoryHome local;
  private Path yaml;
  private Path status;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    server = new ApiServer();
    server.know("v1", "namespaces").know(GATEWAYS, "gateways");
    Path config = Files.writeString(directory.resolve("config"), server.kubeconfig());
    client = KubernetesClients.open(config);
    cluster = new ClusterHome(client);
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToLabels("istio.io/dataplane-mode", "ambient")
                .endMetadata()
                .build())
        .create();
    yaml = Files.createDirectory(directory.resolve("yaml"));
    status = Files.createDirectory(directory.resolve("status"));
    local = new DirectoryHome(yaml, Files.createDirectory(directory.resolve("cluster")), status);
    Files.writeString(
        yaml.resolve("ns.yaml"), "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n");
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private PrintWriter out() {
    out.getBuffer().setLength(0);
    return new PrintWriter(out, true);
  }

  private boolean apply(WaypointHome home, String... words) throws Exception {
    ApplyCommand command = new ApplyCommand();
    new CommandLine(command).parseArgs(words);
    return command.apply(home, "shop", out());
  }

  private String list(WaypointHome home, String... words) throws IOException {
    ListCommand command = new ListCommand();
    new CommandLine(command).parseArgs(words);
    command.print(home, "shop", out());
    return out.toString();
  }

  private void delete(WaypointHome home, String... words) throws IOException {
    DeleteCommand command = new DeleteCommand();
    new CommandLine(command).parseArgs(words);
    command.delete(home, "shop", out());
  }

  private boolean status(WaypointHome home, String... words) throws Exception {
    StatusCommand command = new StatusCommand();
    new CommandLine(command).parseArgs(words);
    return command.print(home, "shop", out());
  }

  @Test
  void generate_printsWhatApplyDeclares() {
    StringWriter text = new StringWriter();
    CommandLine line = new CommandLine(new GenerateCommand());
    line.setOut(new PrintWriter(text));
    assertThat(line.execute("--for", "all", "-r", "canary", "--name", "w", "-n", "shop")).isZero();
    assertThat(text)
        .hasToString(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              labels:
                istio.io/rev: canary
                istio.io/waypoint-for: all
              name: w
              namespace: shop
            spec:
              gatewayClassName: istio-waypoint
              listeners:
              - name: mesh
                port: 15008
                protocol: HBONE
            """);
    assertThatThrownBy(() -> new WaypointObject(null, "w", "some", null))
        .hasMessage("--for: some (expected: one of all, none, service, workload)");
  }

  @Test
  void apply_toACluster_declaresAndEnrolls() throws Exception {
    assertThat(apply(cluster, "--enroll-namespace", "--for", "service")).isTrue();
    assertThat(out)
        .hasToString(
            """
            ✅ waypoint shop/waypoint applied
            ✅ namespace shop labeled with "istio.io/use-waypoint: waypoint"
            """);
    assertThat(cluster.labels("shop"))
        .containsEntry("istio.io/use-waypoint", "waypoint")
        .containsEntry("istio.io/dataplane-mode", "ambient");
    assertThat(list(cluster, "-A").lines())
        .containsExactly(
            "NAMESPACE     NAME         REVISION     TRAFFIC TYPE     PROGRAMMED",
            "shop          waypoint     default      service          Missing");
  }

  @Test
  void apply_ofASecondWaypoint_needsOverwrite() throws Exception {
    apply(cluster, "--enroll-namespace");
    assertThatThrownBy(() -> apply(cluster, "--enroll-namespace", "--name", "other"))
        .hasMessageContaining("uses the waypoint waypoint already")
        .hasMessageContaining("--overwrite");
    assertThat(cluster.list("shop")).extracting(Seen::name).containsExactly("waypoint");
    apply(cluster, "--enroll-namespace", "--name", "other", "--overwrite");
    assertThat(cluster.labels("shop")).containsEntry("istio.io/use-waypoint", "other");
  }

  @Test
  void apply_toANamespaceThatIsNotThere_isRefused() {
    ApplyCommand command = new ApplyCommand();
    new CommandLine(command).parseArgs();
    assertThatThrownBy(() -> command.apply(cluster, "nowhere", out()))
        .hasMessage("--namespace: nowhere (expected: a namespace that exists)");
  }

  @Test
  void status_tellsConditions_andWhetherAllAreReady() throws Exception {
    apply(cluster);
    assertThat(status(cluster, "--waypoint-timeout", "0")).isFalse();
    assertThat(out.toString()).contains("Missing", "nothing reported yet");
    assertThatThrownBy(() -> status(cluster, "other"))
        .hasMessage("other: no waypoint of namespace shop");

    var gateway =
        client
            .genericKubernetesResources(GATEWAYS, "Gateway")
            .inNamespace("shop")
            .withName("waypoint")
            .get();
    gateway.setAdditionalProperty(
        "status",
        Map.of(
            "conditions",
            List.of(Map.of("type", "Programmed", "status", "True", "reason", "Programmed"))));
    client.resource(gateway).update();
    assertThat(status(cluster, "waypoint")).isTrue();
    assertThat(out.toString().lines())
        .containsExactly(
            "NAMESPACE     NAME         STATUS     TYPE           REASON         MESSAGE",
            "shop          waypoint     True       Programmed     Programmed");
  }

  @Test
  void delete_takesNamesOrAllOrARevision() throws Exception {
    apply(cluster, "--name", "a");
    apply(cluster, "--name", "b", "-r", "canary");
    apply(cluster, "--name", "c");
    assertThatThrownBy(() -> delete(cluster)).hasMessageContaining("expected: names");
    assertThatThrownBy(() -> delete(cluster, "a", "x"))
        .hasMessage("x: no waypoint of namespace shop");
    delete(cluster, "--revision", "canary");
    assertThat(out).hasToString("waypoint shop/b deleted\n");
    delete(cluster, "a");
    assertThat(cluster.list(null)).extracting(Seen::name).containsExactly("c");
    delete(cluster, "--all");
    assertThat(list(cluster)).isEqualTo("No waypoints found.\n");
  }

  @Test
  void local_everythingIsAFileOfItsOwn_andReadinessIsAnAddress() throws Exception {
    assertThat(apply(local, "--enroll-namespace")).isTrue();
    assertThat(out.toString()).contains("shop/waypoint applied", "Warning: namespace shop");
    assertThat(yaml)
        .isDirectoryContaining("glob:**/waypoint-shop.waypoint.yaml")
        .isDirectoryContaining("glob:**/namespace-shop.waypoint.patch.yaml");
    assertThat(local.labels("shop")).containsEntry("istio.io/use-waypoint", "waypoint");
    assertThat(status(local, "--waypoint-timeout", "0")).isFalse();
    assertThat(out.toString()).contains("AddressNotAssigned");

    Files.writeString(
        status.resolve("gateway-shop-waypoint-x.patch.yaml"),
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        status: {addresses: [{type: Hostname, value: waypoint.shop.svc.cluster.local}]}
        """);
    assertThat(status(local)).isTrue();

    delete(local, "waypoint");
    assertThat(local.list(null)).isEmpty();
  }

  @Test
  void local_whatTheUserHasWritten_isNotTouched() throws Exception {
    Files.writeString(
        yaml.resolve("mine.yaml"), new WaypointObject("shop", "waypoint", null, null).yaml());
    assertThatThrownBy(() -> apply(local)).hasMessageContaining("written in another file");
    assertThatThrownBy(() -> delete(local, "waypoint"))
        .hasMessageContaining("written in another file");
  }

  private static final String SHOP =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: shop}
      spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: 8080}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: ratings, namespace: shop}
      spec: {selector: {app: ratings}, ports: [{port: 8080}]}
      """;
  private static final String ONLY_WEB =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: only-web, namespace: shop}
      spec:
        selector: {matchLabels: {app: reviews}}
        rules:
          - from: [{source: {serviceAccounts: [web]}}]
            to: [{operation: {ports: ["8080"]}}]
      """;
  private static final String READY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: waypoint, namespace: shop}
      status: {addresses: [{type: Hostname, value: waypoint.shop.svc.cluster.local}]}
      """;

  private void shop(String policy) throws IOException {
    Files.writeString(yaml.resolve("shop.yaml"), SHOP);
    Files.writeString(yaml.resolve("policy.yaml"), policy);
    Files.writeString(status.resolve("gateway-shop-waypoint-x.patch.yaml"), READY);
  }

  @Test
  void apply_wherePoliciesWouldRefuseTheWaypoint_changesNothingAndNamesThem() throws Exception {
    shop(ONLY_WEB);
    assertThatThrownBy(() -> apply(local, "--enroll-namespace"))
        .hasMessageContaining("Service shop/reviews: AuthorizationPolicy shop/only-web")
        .hasMessageContaining("cluster.local/ns/shop/sa/waypoint")
        .hasMessageContaining("--migrate-policies")
        .hasMessageNotContaining("ratings");
    assertThat(local.list("shop")).isEmpty();
    assertThat(apply(local)).as("nobody is bound to it yet").isTrue();
    assertThat(status(local)).isTrue();
  }

  @Test
  void apply_withMigratePolicies_copiesThemToTheService_andLetsTheWaypointIn() throws Exception {
    shop(ONLY_WEB);
    assertThat(apply(local, "--enroll-namespace", "--migrate-policies")).isTrue();
    assertThat(out)
        .hasToString(
            """
            ✅ waypoint shop/waypoint applied
            ✅ waypoint shop/waypoint is ready
            ✅ policy shop/only-web-at-reviews applied
            ✅ policy shop/reviews-from-waypoint applied
            ✅ namespace shop labeled with "istio.io/use-waypoint: waypoint"
            Warning: namespace shop is not in the mesh: label it istio.io/dataplane-mode=ambient
            """);
    assertThat(yaml.resolve("policy-shop.only-web-at-reviews.yaml"))
        .content()
        .isEqualTo(
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata:
              name: only-web-at-reviews
              namespace: shop
              annotations:
                adit.io/copy-of: shop/only-web
            spec:
              targetRefs:
              - group: ''
                kind: Service
                name: reviews
              action: ALLOW
              rules:
              - from:
                - source:
                    serviceAccounts:
                    - shop/web
                to:
                - operation:
                    ports:
                    - '80'
            """);
    assertThat(local.view("shop").problems()).isEmpty();
    assertThat(status(local)).isTrue();
    assertThat(apply(local, "--enroll-namespace")).as("once more").isTrue();
  }

  @Test
  void status_ofAWaypointThatPoliciesRefuse_tellsThem() throws Exception {
    shop(ONLY_WEB);
    assertThat(apply(local, "--enroll-namespace", "--keep-policies")).isTrue();
    assertThat(status(local)).isFalse();
    assertThat(out.toString())
        .contains(
            "adit.io/WaypointAdmitted",
            "Service shop/reviews: AuthorizationPolicy shop/only-web",
            "--migrate-policies");
  }

  @Test
  void apply_ofWhatCannotBeCopied_changesNothing() throws Exception {
    shop(ONLY_WEB.replace("8080", "9090"));
    assertThatThrownBy(() -> apply(local, "--enroll-namespace", "--migrate-policies"))
        .hasMessageContaining("nothing was changed")
        .hasMessageContaining("no port of the service leads to port 9090");
    shop(ONLY_WEB.replace("ports: [\"8080\"]", "methods: [GET]"));
    assertThatThrownBy(() -> apply(local, "--enroll-namespace", "--migrate-policies"))
        .hasMessageContaining("its rules with [methods] hold nowhere now");
    assertThat(local.list("shop")).isEmpty();
  }

  @Test
  void apply_toACluster_migratesPoliciesToo() throws Exception {
    server.know("v1", "services", "pods").know("security.istio.io/v1", "authorizationpolicies");
    for (String service : SHOP.split("---\n", -1)) {
      var _ = client.resource(service).create();
    }
    server.put(
        "security.istio.io/v1",
        "authorizationpolicies",
        new ObjectMapper().writeValueAsString(new Yaml().load(ONLY_WEB)));
    assertThatThrownBy(() -> apply(cluster, "--enroll-namespace"))
        .hasMessageContaining("Service shop/reviews: AuthorizationPolicy shop/only-web");
    assertThat(cluster.list("shop")).isEmpty();
    ready();

    assertThat(apply(cluster, "--enroll-namespace", "--migrate-policies")).isTrue();

    assertThat(cluster.view("shop").authorizationPolicies().keySet())
        .extracting(ObjectKey::name)
        .containsExactlyInAnyOrder("only-web", "only-web-at-reviews", "reviews-from-waypoint");
    assertThat(status(cluster, "--waypoint-timeout", "0")).isTrue();
  }

  @Test
  void apply_byAUserWhoMayNotSeePolicies_saysSo_andGoesOnWhenToldTo() throws Exception {
    server.know("security.istio.io/v1", "authorizationpolicies").forbid("authorizationpolicies");
    assertThatThrownBy(() -> apply(cluster, "--enroll-namespace"))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("authorizationpolicies")
        .hasMessageContaining("Forbidden");
    assertThat(apply(cluster, "--enroll-namespace", "--keep-policies")).isTrue();
  }

  /// Somebody has declared it, and the control plane has reported.
  private void ready() {
    Map<String, Object> tree = new WaypointObject("shop", "waypoint", null, null).tree();
    var gateway =
        client.getKubernetesSerialization().convertValue(tree, GenericKubernetesResource.class);
    gateway.setAdditionalProperty(
        "status", Map.of("conditions", List.of(Map.of("type", "Programmed", "status", "True"))));
    client.resource(gateway).create();
  }
}
