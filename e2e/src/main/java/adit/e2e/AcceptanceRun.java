package adit.e2e;

import adit.source.KubernetesClients;
import adit.telemetry.WritesToStandardOutput;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/// `./adit e2e [--quick]`: the journeys of users on the cluster of `KUBECONFIG`, one line each.
///
/// | variable | meaning |
/// |---|---|
/// | `KUBECONFIG` | the cluster; without it all journeys are skipped, and counted |
/// | `ADIT_LOAD_IMAGE` | a command that brings an archive of an image to the cluster's nodes; without it the images must be there |
/// | `ADIT_IMAGE_HUB`, `ADIT_IMAGE_TAG` | names of the images; `adit` and `dev` |
/// | `ADIT_HELM` | the Helm to install with; `helm` |
/// | `ADIT_NODE_REBOOT` | a command that power-cycles a node, whose name is its last word; without it no node is rebooted |
///
/// A journey that needs what is not there is skipped, and counted.
public final class AcceptanceRun {
  private static final String QUICK = "--quick";

  private AcceptanceRun() {}

  /// Runs, and ends with 0 when journeys were walked and none has failed, or there is no cluster;
  /// 2: the arguments are wrong.
  ///
  /// @param arguments `--quick`, and names of journeys when not all are wanted
  public static void main(String[] arguments) throws Exception {
    Map<String, String> environment = System.getenv();
    List<String> words = List.of(arguments);
    int exit;
    try (KubernetesClient client = KubernetesClients.open()) {
      Entering entering = entering(new Cluster(client), environment);
      boolean quick = words.contains(QUICK);
      exit = run(journeys(entering, environment, quick), words, environment);
      if (hasCluster(environment)) {
        entering.nodes().close();
      }
    }
    System.exit(exit);
  }

  private static Entering entering(Cluster cluster, Map<String, String> environment) {
    Path home = Path.of(environment.getOrDefault("ADIT_HOME", ""));
    return new Entering(cluster, new UsersCommand(home), Entering.Images.of(environment));
  }

  private static List<Journey> journeys(
      Entering entering, Map<String, String> environment, boolean quick) {
    Cluster cluster = entering.cluster();
    UsersCommand user = entering.user();
    List<Journey> journeys = new ArrayList<>();
    String load = environment.getOrDefault("ADIT_LOAD_IMAGE", "");
    if (!load.isEmpty()) {
      journeys.add(new Journey("load images", true, () -> load(user, load)));
    }
    journeys.addAll(entering.first());
    journeys.addAll(new Ways(entering, environment.getOrDefault("ADIT_HELM", "helm")).journeys());
    journeys.addAll(entering.journeys());
    journeys.addAll(new Policies(cluster).journeys());
    journeys.addAll(new Changes(cluster, user, quick).journeys());
    journeys.addAll(new Waypoints(cluster, user, entering.nodes()).journeys());
    journeys.addAll(entering.leaving());
    journeys.addAll(
        new NodeFaults(entering, environment.getOrDefault("ADIT_NODE_REBOOT", "")).journeys());
    journeys.add(entering.last());
    return journeys;
  }

  private static boolean hasCluster(Map<String, String> environment) {
    return !environment.getOrDefault("KUBECONFIG", "").isEmpty();
  }

  private static String load(UsersCommand user, String command) throws Exception {
    List<String> images = List.of("pilot", "ztunnel", "proxyv2", "install-cni", "bookshop");
    for (String image : images) {
      String archive = user.home().resolve("target/images/" + image + ".tar").toString();
      String _ = user.shell(command, archive);
    }
    return String.join(", ", images);
  }

  /// Walks what is wanted.
  ///
  /// @return the exit code
  @WritesToStandardOutput("a command that tells how it went")
  static int run(List<Journey> journeys, List<String> words, Map<String, String> environment) {
    List<String> names = new ArrayList<>(words);
    boolean quick = names.remove(QUICK);
    List<String> known = journeys.stream().map(Journey::name).toList();
    List<String> unknown = names.stream().filter(name -> !known.contains(name)).toList();
    if (!unknown.isEmpty()) {
      System.out.println(
          "arguments: " + unknown + " (expected: " + QUICK + ", or of " + known + ")");
      return 2;
    }
    boolean cluster = hasCluster(environment);
    List<Journey> wanted =
        journeys.stream()
            .filter(each -> names.isEmpty() ? !quick || each.quick() : names.contains(each.name()))
            .toList();
    int good = 0;
    int failed = 0;
    for (Journey journey : cluster ? wanted : List.<Journey>of()) {
      switch (told(journey).end()) {
        case GOOD -> good++;
        case FAILED -> failed++;
        case SKIPPED -> {}
      }
    }
    if (!cluster) {
      System.out.println("KUBECONFIG names no cluster");
    }
    System.out.printf(
        Locale.ROOT,
        "%d passed, %d failed, %d skipped%n",
        good,
        failed,
        journeys.size() - good - failed);
    return failed == 0 && (good > 0 || !cluster) ? 0 : 1;
  }

  /// Walks one and tells how it went.
  ///
  /// @return how it went
  @WritesToStandardOutput("a command that tells how it went")
  private static Outcome told(Journey journey) {
    long start = System.nanoTime();
    Outcome outcome = walk(journey);
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    System.out.printf(
        Locale.ROOT,
        "%-7s %-26s %5.1f s  %s%n",
        outcome.end().text,
        journey.name(),
        took.toMillis() / 1e3,
        outcome.text());
    return outcome;
  }

  private enum End {
    GOOD("ok"),
    FAILED("FAILED"),
    SKIPPED("skipped");

    private final String text;

    End(String text) {
      this.text = text;
    }
  }

  private record Outcome(End end, String text) {}

  private static Outcome walk(Journey journey) {
    try {
      return new Outcome(End.GOOD, journey.steps().walk());
    } catch (CompletionException | ExecutionException e) {
      return failed(e.getCause() == null ? e : e.getCause());
    } catch (Exception e) {
      return failed(e);
    }
  }

  private static Outcome failed(Throwable failure) {
    return switch (failure) {
      case JourneySkipped skipped -> new Outcome(End.SKIPPED, String.valueOf(skipped.getMessage()));
      case JourneyFailed failed -> new Outcome(End.FAILED, String.valueOf(failed.getMessage()));
      default -> new Outcome(End.FAILED, failure.toString());
    };
  }
}
