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

/// `./adit e2e [--quick]`: the journeys of users on the cluster of `KUBECONFIG`, one line each.
///
/// | variable | meaning |
/// |---|---|
/// | `KUBECONFIG` | the cluster; without it all journeys are skipped, and counted |
/// | `ADIT_LOAD_IMAGE` | a command that brings an archive of an image to the cluster's nodes; without it the images must be there |
/// | `ADIT_IMAGE_HUB`, `ADIT_IMAGE_TAG` | names of the images; `adit` and `dev` |
public final class AcceptanceRun {
  private static final String QUICK = "--quick";

  private AcceptanceRun() {}

  /// Runs, and ends with 0 when journeys were walked and none has failed, or there is no cluster;
  /// 2: the arguments are wrong.
  ///
  /// @param arguments `--quick`, and names of journeys when not all are wanted
  public static void main(String[] arguments) throws Exception {
    Map<String, String> environment = System.getenv();
    try (KubernetesClient client = KubernetesClients.open()) {
      List<Journey> journeys = journeys(new Cluster(client), environment);
      System.exit(run(journeys, List.of(arguments), environment));
    }
  }

  private static List<Journey> journeys(Cluster cluster, Map<String, String> environment) {
    Path home = Path.of(environment.getOrDefault("ADIT_HOME", ""));
    UsersCommand user = new UsersCommand(home);
    Entering entering = new Entering(cluster, user, Entering.Images.of(environment));
    List<Journey> journeys = new ArrayList<>();
    String load = environment.getOrDefault("ADIT_LOAD_IMAGE", "");
    if (!load.isEmpty()) {
      journeys.add(new Journey("load images", true, () -> load(user, load)));
    }
    journeys.addAll(entering.journeys());
    journeys.addAll(new Policies(cluster).journeys());
    journeys.addAll(new Changes(cluster).journeys());
    journeys.addAll(entering.leaving());
    return journeys;
  }

  private static String load(UsersCommand user, String command) throws Exception {
    List<String> images = List.of("pilot", "ztunnel", "install-cni", "bookshop");
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
    boolean cluster = !environment.getOrDefault("KUBECONFIG", "").isEmpty();
    List<Journey> wanted =
        journeys.stream()
            .filter(each -> names.isEmpty() ? !quick || each.quick() : names.contains(each.name()))
            .toList();
    int walked = cluster ? wanted.size() : 0;
    int failed = 0;
    for (Journey journey : wanted.subList(0, walked)) {
      failed += told(journey) ? 0 : 1;
    }
    if (!cluster) {
      System.out.println("KUBECONFIG names no cluster");
    }
    System.out.printf(
        Locale.ROOT,
        "%d passed, %d failed, %d skipped%n",
        walked - failed,
        failed,
        journeys.size() - walked);
    return failed == 0 && (walked > 0 || !cluster) ? 0 : 1;
  }

  /// Walks one and tells how it went.
  ///
  /// @return whether it went well
  @WritesToStandardOutput("a command that tells how it went")
  private static boolean told(Journey journey) {
    long start = System.nanoTime();
    Outcome outcome = walk(journey);
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    System.out.printf(
        Locale.ROOT,
        "%-6s %-26s %5.1f s  %s%n",
        outcome.good() ? "ok" : "FAILED",
        journey.name(),
        took.toMillis() / 1e3,
        outcome.text());
    return outcome.good();
  }

  private record Outcome(boolean good, String text) {}

  private static Outcome walk(Journey journey) {
    try {
      return new Outcome(true, journey.steps().walk());
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return new Outcome(false, text(cause));
    } catch (Exception e) {
      return new Outcome(false, text(e));
    }
  }

  private static String text(Throwable failure) {
    return failure instanceof JourneyFailed
        ? String.valueOf(failure.getMessage())
        : failure.toString();
  }
}
