package adit.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The cluster, as a user works with it.
///
/// @param client to its API server; owned by the caller
record Cluster(KubernetesClient client) {
  static final String SHOP = "bookshop";
  static final String OUTSIDE = "outside";
  static final String MESH = "istio-system";

  private static final String STARTS =
      """
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: starts, namespace: NAMESPACE}
      spec:
        selector: {matchLabels: {app: starts}}
        template:
          metadata: {labels: {app: starts}}
          spec:
            terminationGracePeriodSeconds: 0
            containers:
              - name: starts
                image: IMAGE
                command: [bookshop, client, wait]
      """;
  private static final String CAPTURED = "ambient.istio.io/redirection";
  private static final long LOOK_AGAIN_MILLIS = 250;
  private static final Duration LONGEST_LOAD = Duration.ofMinutes(10);
  private static final Duration ANSWER = Duration.ofMinutes(3);
  private static final Executor THREADS = Executors.newVirtualThreadPerTaskExecutor();

  /// What a program in a container came to.
  ///
  /// @param exit its code
  /// @param out both streams
  record Ended(int exit, String out) {}

  /// A condition to wait for.
  interface Condition {
    boolean holds() throws Exception;
  }

  /// What is said when a wait was in vain.
  interface Reason {
    String text();
  }

  /// Waits until it holds.
  ///
  /// @return how long that took
  /// @throws JourneyFailed it did not within the limit
  static Duration await(String what, Duration limit, Condition condition) throws Exception {
    return await(what, limit, condition, () -> "");
  }

  /// Waits until it holds.
  ///
  /// @return how long that took
  /// @throws JourneyFailed it did not within the limit; the reason is added
  static Duration await(String what, Duration limit, Condition condition, Reason reason)
      throws Exception {
    long start = System.nanoTime();
    while (!condition.holds()) {
      if (System.nanoTime() - start > limit.toNanos()) {
        String more = reason.text();
        throw new JourneyFailed(
            what
                + ": not within "
                + limit.toSeconds()
                + " s"
                + (more.isEmpty() ? "" : ": " + more));
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN_MILLIS);
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /// Applies files, as `kubectl apply -f` does with a directory, with another image.
  void applyFiles(Path directory, String image, String instead) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.sorted().toList()) {
        apply(Files.readString(file).replace("image: " + image, "image: " + instead));
      }
    }
  }

  void apply(String yaml) {
    for (HasMetadata object : objects(yaml)) {
      var _ = client.resource(object).fieldManager("e2e").forceConflicts().serverSideApply();
    }
  }

  void delete(String yaml) {
    for (HasMetadata object : objects(yaml)) {
      var _ = client.resource(object).delete();
    }
  }

  void createIfAbsent(String yaml) {
    for (HasMetadata object : objects(yaml)) {
      if (client.resource(object).get() == null) {
        var _ = client.resource(object).create();
      }
    }
  }

  private List<HasMetadata> objects(String yaml) {
    return client
        .load(new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
        .items();
  }

  void label(String namespace, String key, @Nullable String value) {
    var _ =
        client
            .namespaces()
            .withName(namespace)
            .edit(it -> {
              if (it.getMetadata().getLabels() == null) {
                it.getMetadata().setLabels(new HashMap<>());
              }
              Map<String, String> labels = it.getMetadata().getLabels();
              if (value == null) {
                labels.remove(key);
              } else {
                labels.put(key, value);
              }
              return it;
            });
  }

  List<Pod> pods(String namespace) {
    return client.pods().inNamespace(namespace).list().getItems().stream()
        .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
        .toList();
  }

  /// Pods of a component of the mesh.
  List<Pod> pods(String namespace, String component) {
    return pods(namespace, "app.kubernetes.io/name", component);
  }

  List<Pod> pods(String namespace, String label, String value) {
    return pods(namespace).stream()
        .filter(pod -> pod.getMetadata().getLabels() != null)
        .filter(pod -> value.equals(pod.getMetadata().getLabels().get(label)))
        .toList();
  }

  static boolean captured(Pod pod) {
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    return annotations != null && "enabled".equals(annotations.get(CAPTURED));
  }

  static int restarts(List<Pod> pods) {
    int restarts = 0;
    for (Pod pod : pods) {
      for (ContainerStatus status : pod.getStatus().getContainerStatuses()) {
        restarts += status.getRestartCount();
      }
    }
    return restarts;
  }

  static boolean ready(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }

  /// Waits until all Deployments of a namespace have what they want, and no pod of a former version
  /// is left.
  void awaitDeployments(String namespace, Duration limit) throws Exception {
    await(
        "deployments of " + namespace,
        limit,
        () ->
            client.apps().deployments().inNamespace(namespace).list().getItems().stream()
                .allMatch(Cluster::complete));
  }

  private static boolean complete(Deployment it) {
    var status = it.getStatus();
    return status != null
        && Objects.equals(status.getObservedGeneration(), it.getMetadata().getGeneration())
        && Objects.equals(status.getUpdatedReplicas(), it.getSpec().getReplicas())
        && Objects.equals(status.getReplicas(), it.getSpec().getReplicas())
        && Objects.equals(status.getAvailableReplicas(), it.getSpec().getReplicas());
  }

  /// As `kubectl rollout restart`, and waits for its end.
  void restartDaemonSet(String name, Duration limit) throws Exception {
    var it = client.apps().daemonSets().inNamespace(MESH).withName(name);
    String now = Instant.now().toString();
    var _ =
        it.edit(set -> {
          var meta = set.getSpec().getTemplate().getMetadata();
          Map<String, String> annotations = new HashMap<>();
          if (meta.getAnnotations() != null) {
            annotations.putAll(meta.getAnnotations());
          }
          annotations.put("kubectl.kubernetes.io/restartedAt", now);
          meta.setAnnotations(annotations);
          return set;
        });
    awaitDaemonSet(MESH, name, limit);
  }

  /// Waits until all pods of a DaemonSet are there in its present version.
  void awaitDaemonSet(String namespace, String name, Duration limit) throws Exception {
    await(
        "pods of " + name,
        limit,
        () -> complete(client.apps().daemonSets().inNamespace(namespace).withName(name).get()));
  }

  /// Waits until everything of the mesh is ready in its present version.
  void awaitMesh(Duration limit) throws Exception {
    for (String name : List.of("istio-cni-node", "ztunnel")) {
      awaitDaemonSet(MESH, name, limit);
    }
    awaitDeployments(MESH, limit);
  }

  /// Adds to what a DaemonSet of the mesh asks of nodes, or takes it away.
  void selectNodes(String name, String label, @Nullable String value) {
    var _ =
        client
            .apps()
            .daemonSets()
            .inNamespace(MESH)
            .withName(name)
            .edit(set -> {
              var pod = set.getSpec().getTemplate().getSpec();
              Map<String, String> labels = new HashMap<>(pod.getNodeSelector());
              if (value == null) {
                labels.remove(label);
              } else {
                labels.put(label, value);
              }
              pod.setNodeSelector(labels);
              return set;
            });
  }

  /// The directory of the node behind a volume of a DaemonSet of the mesh.
  String hostPath(String name, String volume) throws JourneyFailed {
    DaemonSet set = client.apps().daemonSets().inNamespace(MESH).withName(name).get();
    if (set != null) {
      for (var each : set.getSpec().getTemplate().getSpec().getVolumes()) {
        if (each.getName().equals(volume) && each.getHostPath() != null) {
          return each.getHostPath().getPath();
        }
      }
    }
    throw new JourneyFailed("DaemonSet " + name + " has no volume " + volume);
  }

  /// Starts a pod on every node, and removes them again.
  ///
  /// @return how long it took until all were ready
  Duration startsOnEveryNode(String namespace, Duration limit) throws Exception {
    String yaml = STARTS.replace("NAMESPACE", namespace).replace("IMAGE", image(namespace));
    apply(yaml);
    try {
      return await(
          "new pods on every node",
          limit,
          () ->
              complete(client.apps().daemonSets().inNamespace(namespace).withName("starts").get()));
    } finally {
      delete(yaml);
    }
  }

  /// The image of the pods that are there.
  private String image(String namespace) {
    return pods(namespace).getFirst().getSpec().getContainers().getFirst().getImage();
  }

  /// Whether the cluster knows a kind.
  ///
  /// @param definition its name, `gateways.gateway.networking.k8s.io`
  boolean defines(String definition) {
    return client.apiextensions().v1().customResourceDefinitions().withName(definition).get()
        != null;
  }

  /// The conditions of an object, as `Type=Status (Reason: message)`; those of a route are its
  /// parents'.
  List<String> conditions(String apiVersion, String kind, String namespace, String name) {
    var object =
        client
            .genericKubernetesResources(apiVersion, kind)
            .inNamespace(namespace)
            .withName(name)
            .get();
    if (object == null) {
      return List.of();
    }
    JsonNode status =
        client.getKubernetesSerialization().convertValue(object, JsonNode.class).path("status");
    // A Gateway's listeners have conditions of their own.
    JsonNode own = status.path("conditions");
    List<JsonNode> lists = own.isArray() ? List.of(own) : status.findValues("conditions");
    return lists.stream()
        .flatMap(all -> all.valueStream())
        .map(each ->
            each.path("type").asText()
                + "="
                + each.path("status").asText()
                + " ("
                + each.path("reason").asText()
                + ": "
                + each.path("message").asText()
                + ")")
        .toList();
  }

  /// Messages of a namespace's Events of one reason.
  List<String> messages(String namespace, String reason) {
    return client
        .v1()
        .events()
        .inNamespace(namespace)
        .withField("reason", reason)
        .list()
        .getItems()
        .stream()
        .map(event -> String.valueOf(event.getMessage()))
        .toList();
  }

  private static boolean complete(@Nullable DaemonSet it) {
    if (it == null || it.getStatus() == null) {
      return false;
    }
    var status = it.getStatus();
    return Objects.equals(status.getObservedGeneration(), it.getMetadata().getGeneration())
        && status.getDesiredNumberScheduled() > 0
        && Objects.equals(status.getUpdatedNumberScheduled(), status.getDesiredNumberScheduled())
        && Objects.equals(status.getNumberAvailable(), status.getDesiredNumberScheduled());
  }

  void restartDeployment(String namespace, String name) {
    var _ = client.apps().deployments().inNamespace(namespace).withName(name).rolling().restart();
  }

  void scale(String namespace, String name, int count) {
    var _ = client.apps().deployments().inNamespace(namespace).withName(name).scale(count);
  }

  /// Runs a command in a pod of an application.
  Ended exec(String namespace, String app, String... command) throws Exception {
    return exec(ready(namespace, app), command);
  }

  private Pod ready(String namespace, String app) throws JourneyFailed {
    Pod pod = pods(namespace, "app", app).stream().filter(Cluster::ready).findFirst().orElse(null);
    if (pod == null) {
      throw new JourneyFailed(namespace + "/" + app + ": no pod is ready");
    }
    return pod;
  }

  /// Runs a command in the first container of a pod.
  Ended exec(Pod pod, String... command) throws Exception {
    var output = new ByteArrayOutputStream();
    Container container = pod.getSpec().getContainers().getFirst();
    try (ExecWatch watch =
        client
            .pods()
            .inNamespace(pod.getMetadata().getNamespace())
            .withName(pod.getMetadata().getName())
            .inContainer(container.getName())
            .writingOutput(output)
            .writingError(output)
            .exec(command)) {
      int exit = watch.exitCode().get(ANSWER.toSeconds(), TimeUnit.SECONDS);
      return new Ended(exit, output.toString(StandardCharsets.UTF_8));
    }
  }

  /// Asks again and again from a pod until it is told to stop; at the latest after some minutes.
  ///
  /// @param mode `new`, `keepalive` or `open`: a rate of new connections
  /// @param more options of the sample's client
  Load load(String app, String url, String mode, List<String> more) throws Exception {
    List<String> words = new ArrayList<>(List.of("bookshop", "client", "loop", url));
    words.addAll(List.of("--mode", mode, "--seconds", Long.toString(LONGEST_LOAD.toSeconds())));
    words.addAll(mode.equals("open") ? List.of("--rate", "50") : List.of("--pause", "20"));
    words.addAll(List.of("--until", "line"));
    words.addAll(more);
    Pod pod = ready(SHOP, app);
    Load.Printed printed = new Load.Printed();
    ExecWatch watch =
        client
            .pods()
            .inNamespace(SHOP)
            .withName(pod.getMetadata().getName())
            .inContainer(pod.getSpec().getContainers().getFirst().getName())
            .redirectingInput()
            .writingOutput(printed)
            .writingError(printed)
            .exec(words.toArray(String[]::new));
    CompletableFuture<LoopResult> result =
        watch
            .exitCode()
            .orTimeout(LONGEST_LOAD.plus(ANSWER).toSeconds(), TimeUnit.SECONDS)
            .thenApplyAsync(_ -> result(printed), THREADS)
            .whenCompleteAsync((_, _) -> watch.close(), THREADS);
    return new Load(printed.started(), result, () -> stop(watch, result));
  }

  private static LoopResult result(Load.Printed printed) {
    try {
      return LoopResult.of(printed.toString(StandardCharsets.UTF_8));
    } catch (JourneyFailed e) {
      throw new CompletionException(e);
    }
  }

  private static void stop(ExecWatch watch, CompletableFuture<?> result) throws IOException {
    if (!result.isDone()) {
      watch.getInput().write('\n');
      watch.getInput().flush();
    }
  }

  /// Log lines of a DaemonSet's pods since then, all together.
  String logs(String app, int seconds) {
    StringBuilder text = new StringBuilder();
    for (Pod pod : pods(MESH, "app", app)) {
      text.append(
          client
              .pods()
              .inNamespace(MESH)
              .withName(pod.getMetadata().getName())
              .sinceSeconds(seconds)
              .getLog());
    }
    return text.toString();
  }

  boolean exists(String namespace) {
    try {
      return client.namespaces().withName(namespace).get() != null;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /// Asks for its end, if it is there.
  void deleteNamespace(String namespace) {
    var _ = client.namespaces().withName(namespace).delete();
  }
}
