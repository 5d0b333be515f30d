package adit.cli.waypoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.source.KubernetesClients;
import adit.testkit.kube.ApiServer;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
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
}
